// Server-Sent Events, as the gateway answers a subscription (GraphQL over SSE, distinct connections mode).

import { read, Refusal, type Answer } from './api';

/**
 * Reads the answers of a stream as they come, to its end. What is no stream has one answer; a Refusal says that a stream
 * has broken off.
 */
export async function* answers<Data>(response: Response): AsyncGenerator<Answer<Data>> {
  if (!response.body || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    yield read<Data>(response);
    return;
  }
  const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await text.read().catch(() => ({ done: true, value: undefined }));
    if (done) {
      throw new Refusal('The stream has broken off. Run the operation again.', 'UNREACHABLE');
    }
    const events = (rest + value).split('\n\n');
    rest = events.pop()!;
    for (const event of events) {
      const lines = new Map(event.split('\n').map((line) => [line.split(':', 1)[0]!, line]));
      switch (lines.get('event')) {
        case 'event: next':
          yield JSON.parse(lines.get('data')!.slice('data:'.length)) as Answer<Data>;
          break;
        case 'event: complete':
          return;
      }
    }
  }
}

/** What can be stopped while it waits for the next value, unlike a generator. */
export function stoppable<Value>(
  values: AsyncGenerator<Value>,
  stop: AbortController,
): AsyncIterableIterator<Value, undefined> {
  const over = { done: true, value: undefined } as const;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await values.next();
      return result.done || stop.signal.aborted ? over : result;
    },
    async return() {
      stop.abort();
      return over;
    },
  };
}
