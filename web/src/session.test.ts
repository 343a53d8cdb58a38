import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from './session';

/** A gateway that hands out tokens numbered 1, 2, …, accepts the latest access token, and each refresh token once. */
class Gateway {
  issued = 0;
  /** What was asked, as "name token". */
  readonly asked: string[] = [];
  revoked = false;
  down = false;
  open = true;

  #held: Promise<void> | undefined;

  /** Holds back the answer to the next request, until the function that it returns is called. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** The streams that are open. */
  readonly streams: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>[] = [];

  /** Sends an answer on the last stream, and ends it if there is nothing more to come. */
  event(answer: object, more = true): void {
    const text = `event: next\ndata: ${JSON.stringify(answer)}\n\n${more ? '' : 'event: complete\ndata:\n\n'}`;
    const stream = this.streams.at(-1)!;
    stream.enqueue(new TextEncoder().encode(text));
    if (!more) {
      stream.close();
    }
  }

  tokens(): object {
    return { accessToken: `access${this.issued}`, refreshToken: `refresh${this.issued}`, expiresIn: 600 };
  }

  readonly fetch = async (path: string, init: RequestInit): Promise<Response> => {
    if (this.down) {
      throw new TypeError('Failed to fetch');
    }
    const token = new Headers(init.headers).get('Authorization')?.replace('Bearer ', '') ?? '-';
    if (path === '/sign-in/session') {
      this.asked.push(`comeBack ${init.method} ${init.credentials}`);
      if (!this.open) {
        return answer(200, { errors: [{ message: 'This sign-in is over.', extensions: { code: 'UNAUTHENTICATED' } }] });
      }
      this.issued++;
      return answer(200, { data: { signIn: this.tokens() } });
    }
    const { query, variables } = JSON.parse(String(init.body)) as { query: string; variables?: { input: object } };
    const name = /\b(signIn|refreshSession|signOut|viewer|productLogs)\b/.exec(query)![0];
    this.asked.push(`${name} ${token}`);
    const refused = token !== '-' && (token !== `access${this.issued}` || this.revoked);
    const held = this.#held;
    this.#held = undefined;
    await held;
    if (refused) {
      return answer(
        401,
        { errors: [{ message: 'The token is stale.', extensions: { code: 'UNAUTHENTICATED' } }] },
        'Bearer error="invalid_token"',
      );
    }
    if (name === 'productLogs') {
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (c) => void this.streams.push(c) });
      init.signal?.addEventListener('abort', () => this.streams.at(-1)!.error(init.signal!.reason));
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    }
    if (name === 'signIn' || name === 'refreshSession') {
      const used = JSON.stringify(variables);
      if (!this.open || (name === 'refreshSession' && !used.includes(`refresh${this.issued}"`))) {
        return answer(200, { errors: [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED' } }] });
      }
      this.issued++;
      this.revoked = false;
      return answer(200, { data: { [name]: this.tokens() } });
    }
    return answer(200, { data: { [name]: { endedSessionId: 'x' } } });
  };
}

function answer(status: number, body: object, challenge = ''): Response {
  return new Response(JSON.stringify(body), { status, headers: challenge ? { 'WWW-Authenticate': challenge } : {} });
}

describe('a session', () => {
  let gateway: Gateway;
  let session: Session;
  const listener = { renewed: vi.fn(), ended: vi.fn() };

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    gateway = new Gateway();
    session = new Session(gateway.fetch);
    session.listen(listener);
    await session.signIn('a@example.com', 'secret');
    gateway.asked.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  it('asks with its token', async () => {
    await session.ask({ query: '{ viewer }' });
    expect(gateway.asked).toEqual(['viewer access1']);
  });

  it('opens for who comes back from their identity provider', async () => {
    const other = new Session(gateway.fetch);
    await other.comeBack();
    await other.ask({ query: '{ viewer }' });
    expect(gateway.asked).toEqual(['comeBack POST same-origin', 'viewer access2']);
  });

  it('says why nobody came back', async () => {
    gateway.open = false;
    const other = new Session(gateway.fetch);
    await expect(other.comeBack()).rejects.toThrow('This sign-in is over.');
    expect(other.open).toBe(false);
  });

  it('leaves a header of the caller’s own alone', async () => {
    const { errors } = await session.ask({ query: '{ viewer }' }, { authorization: 'Bearer mine' });
    expect(gateway.asked).toEqual(['viewer mine']);
    expect(errors?.[0]?.message).toBe('The token is stale.');
  });

  it('renews a refused token once for all who ask, and asks again', async () => {
    gateway.revoked = true;
    const answers = await Promise.all([1, 2, 3].map(() => session.ask({ query: '{ viewer }' })));
    expect(answers.every((a) => a.data)).toBe(true);
    expect(gateway.asked.filter((name) => name.startsWith('refreshSession'))).toEqual(['refreshSession -']);
    expect(gateway.asked.filter((name) => name === 'viewer access2')).toHaveLength(3);
    expect(listener.renewed).toHaveBeenCalledTimes(1);
  });

  it('asks again, without renewing, when another request has renewed meanwhile', async () => {
    gateway.revoked = true;
    const release = gateway.hold();
    const slow = session.ask({ query: '{ viewer }' });
    await session.ask({ query: '{ viewer }' });
    release();
    expect((await slow).data).toBeTruthy();
    expect(gateway.asked.filter((name) => name.startsWith('refreshSession'))).toHaveLength(1);
  });

  it('renews before the token ends, again and again', async () => {
    await vi.advanceTimersByTimeAsync(541_000);
    await vi.advanceTimersByTimeAsync(541_000);
    expect(gateway.asked).toEqual(['refreshSession -', 'refreshSession -']);
    await session.ask({ query: '{ viewer }' });
    expect(gateway.asked.at(-1)).toBe('viewer access3');
  });

  it('ends when it cannot be renewed, and says so once', async () => {
    gateway.revoked = true;
    gateway.open = false;
    const { errors } = await session.ask({ query: '{ viewer }' });
    expect(errors?.[0]?.message).toBe('The token is stale.');
    expect([session.open, listener.ended.mock.calls.length]).toEqual([false, 1]);
    await session.ask({ query: '{ viewer }' });
    expect(gateway.asked.at(-1)).toBe('viewer -');
    expect(listener.ended).toHaveBeenCalledTimes(1);
  });

  it('outlives a gateway that cannot be reached', async () => {
    gateway.down = true;
    await expect(session.ask({ query: '{ viewer }' })).rejects.toThrow('cannot be reached');
    await vi.advanceTimersByTimeAsync(541_000);
    expect([session.open, listener.ended.mock.calls.length]).toEqual([true, 0]);
    gateway.down = false;
    await vi.advanceTimersByTimeAsync(16_000);
    expect(gateway.asked).toEqual(['refreshSession -']);
  });

  it('forgets its tokens when it is signed out, whatever the gateway says', async () => {
    gateway.down = true;
    await expect(session.signOut()).rejects.toThrow('cannot be reached');
    gateway.down = false;
    await session.ask({ query: '{ viewer }' });
    await vi.advanceTimersByTimeAsync(2_000_000);
    expect([session.open, ...gateway.asked]).toEqual([false, 'viewer -']);
  });

  it('ends the session at the gateway', async () => {
    await session.signOut();
    expect(gateway.asked).toEqual(['signOut access1']);
  });

  it('sends nothing again as somebody else', async () => {
    gateway.revoked = true;
    const release = gateway.hold();
    const slow = session.ask({ query: 'mutation { viewer }' }); // by the first user
    await session.signOut();
    await session.signIn('b@example.com', 'secret');
    release();
    expect((await slow).errors?.[0]?.message).toBe('The token is stale.');
    expect(gateway.asked.filter((name) => name.startsWith('viewer'))).toEqual(['viewer access1']);
  });

  it('does not wait for the renewal of who has signed out meanwhile', async () => {
    gateway.revoked = true;
    const held = session.ask({ query: '{ viewer }' });
    const release = gateway.hold();
    await vi.advanceTimersByTimeAsync(0);
    expect(gateway.asked).toEqual(['viewer access1', 'refreshSession -']);
    const signedOut = session.signOut();
    await session.signIn('b@example.com', 'secret');
    gateway.revoked = true;
    expect((await session.ask({ query: '{ viewer }' })).data).toBeTruthy();
    release();
    expect((await held).data).toBeUndefined();
    await signedOut;
  });

  it('ends a session whose token has become old, by a new token', async () => {
    gateway.revoked = true;
    await session.signOut();
    expect(gateway.asked).toEqual(['signOut access1', 'refreshSession -', 'signOut access2']);
    expect([session.open, listener.renewed.mock.calls.length]).toEqual([false, 0]);
  });

  it('is signed out when there is no session to renew', async () => {
    gateway.revoked = true;
    gateway.open = false;
    await session.signOut();
    expect(gateway.asked).toEqual(['signOut access1', 'refreshSession -']);
    expect(listener.ended).not.toHaveBeenCalled();
  });

  it('says so when an old token could not be renewed to sign out', async () => {
    gateway.revoked = true;
    const release = gateway.hold();
    const signedOut = session.signOut();
    gateway.down = true;
    release();
    await expect(signedOut).rejects.toThrow('cannot be reached');
  });

  it('leaves the next user signed in, however long signing out takes', async () => {
    gateway.revoked = true;
    const release = gateway.hold();
    const signedOut = session.signOut();
    await session.signIn('b@example.com', 'secret');
    release();
    await signedOut;
    expect([session.open, listener.ended.mock.calls.length]).toEqual([true, 0]);
    await session.ask({ query: '{ viewer }' });
    expect(gateway.asked.at(-1)).toBe('viewer access2');
  });

  describe('that follows a subscription', () => {
    const stale = { errors: [{ message: 'The token is stale.', extensions: { code: 'UNAUTHENTICATED' } }] };
    const log = (id: number) => ({ data: { productLogs: { id } } });
    const stop = new AbortController();
    let logs: AsyncGenerator<object>;

    beforeEach(() => {
      gateway.streams.length = 0;
      logs = session.follow({ query: 'subscription { productLogs }' }, {}, stop.signal);
    });

    /** The next answer, once the stream is open. */
    async function next(): Promise<IteratorResult<object>> {
      const result = logs.next();
      await vi.advanceTimersByTimeAsync(0);
      return result;
    }

    /** Opens the stream, and has one answer. */
    async function begin(): Promise<void> {
      const first = logs.next();
      await vi.advanceTimersByTimeAsync(0);
      gateway.event(log(1));
      expect(await first).toEqual({ done: false, value: log(1) });
      expect(gateway.asked).toEqual(['productLogs access1']);
    }

    it('has its answers, until there are no more', async () => {
      await begin();
      gateway.event(log(2), false);
      expect(await next()).toEqual({ done: false, value: log(2) });
      expect(await next()).toEqual({ done: true, value: undefined });
    });

    it('goes on with the next token when the stream ends with its own', async () => {
      await begin();
      gateway.event(stale, false);
      const second = logs.next();
      await vi.advanceTimersByTimeAsync(0);
      gateway.event(log(2));
      expect((await second).value).toEqual(log(2));
      expect(gateway.asked.slice(1)).toEqual(['refreshSession -', 'productLogs access2']);
      expect(listener.renewed).toHaveBeenCalledTimes(1);
    });

    it('tries again to renew a token that cannot be renewed right now', async () => {
      await begin();
      gateway.down = true;
      gateway.event(stale, false);
      const second = logs.next();
      await vi.advanceTimersByTimeAsync(900);
      gateway.down = false;
      expect(gateway.streams).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(200);
      gateway.event(log(2));
      expect((await second).value).toEqual(log(2));
    });

    it('says so when the session is over', async () => {
      await begin();
      gateway.open = false;
      gateway.event(stale, false);
      expect(await next()).toEqual({ done: false, value: stale });
      expect(await next()).toEqual({ done: true, value: undefined });
      expect([session.open, listener.ended.mock.calls.length]).toEqual([false, 1]);
    });

    it('is stopped by who signs out, and does not go on as the next one', async () => {
      await begin();
      const last = logs.next();
      const signedOut = session.signOut();
      await session.signIn('b@example.com', 'secret');
      expect(await last).toEqual({ done: true, value: undefined });
      await signedOut;
      expect(gateway.asked.filter((name) => name.startsWith('productLogs'))).toEqual(['productLogs access1']);
    });

    it('does not go on as the next one when they sign in during a renewal', async () => {
      await begin();
      const release = gateway.hold();
      gateway.event(stale, false);
      const last = logs.next();
      await vi.advanceTimersByTimeAsync(0);
      const signedOut = session.signOut();
      await session.signIn('b@example.com', 'secret');
      release();
      await last;
      await vi.advanceTimersByTimeAsync(5_000);
      await signedOut.catch(() => undefined);
      expect(gateway.asked.filter((name) => name.startsWith('productLogs'))).toEqual(['productLogs access1']);
    });
  });

  it('says why signing in failed', async () => {
    gateway.open = false;
    await expect(session.signIn('a@example.com', 'wrong')).rejects.toThrow('No.');
  });

  it('shows its tokens to nobody who looks at it', () => {
    expect(JSON.stringify(session) + Object.values(session).join()).not.toContain('access');
  });
});
