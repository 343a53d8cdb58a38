import { describe, expect, it } from 'vitest';
import { answers, stoppable } from './stream';

const headers = { 'Content-Type': 'text/event-stream; charset=utf-8' };

/** A stream whose text comes in these pieces. */
function stream(...pieces: (string | Uint8Array<ArrayBuffer>)[]): Response {
  const encoder = new TextEncoder();
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : piece));
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      bytes.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
  return new Response(body, { headers });
}

async function all(response: Response): Promise<unknown[]> {
  const read = [];
  for await (const answer of answers(response)) {
    read.push(answer);
  }
  return read;
}

const text =
  ':\n\nevent: next\ndata: {"data":{"a":"é"}}\n\n:\n\nevent: next\ndata: {"data":{"a":2}}\n\nevent: complete\ndata:\n\n';
const want = [{ data: { a: 'é' } }, { data: { a: 2 } }];

describe('a stream', () => {
  it('is read to its end', async () => {
    expect(await all(stream(text))).toEqual(want);
  });

  it('is read the same wherever it is cut', async () => {
    const bytes = new TextEncoder().encode(text);
    expect(await all(stream(...[...bytes].map((byte) => Uint8Array.of(byte))))).toEqual(want);
  });

  it('that breaks off says so, after what had come', async () => {
    const read = answers(stream(text.slice(0, text.indexOf('event: complete'))));
    expect([(await read.next()).value, (await read.next()).value]).toEqual(want);
    await expect(read.next()).rejects.toThrow('The stream has broken off. Run the operation again.');
  });

  it('that fails has broken off', async () => {
    const failing = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (c) => c.error(new TypeError('network error')),
    });
    await expect(all(new Response(failing, { headers }))).rejects.toThrow('broken off');
  });

  it('may be no stream but one answer', async () => {
    expect(await all(new Response('{"errors":[{"message":"No."}]}', { status: 400 }))).toEqual([
      { errors: [{ message: 'No.' }] },
    ]);
  });

  it('can be stopped while it waits', async () => {
    const stop = new AbortController();
    let release = (_: number) => {};
    const later = new Promise<number>((resolve) => (release = resolve));
    const values = stoppable(
      (async function* () {
        yield 1;
        yield later;
      })(),
      stop,
    );
    expect(await values.next()).toEqual({ done: false, value: 1 });
    const next = values.next();
    await values.return?.();
    expect(stop.signal.aborted).toBe(true);
    release(2);
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
