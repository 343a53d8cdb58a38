// Signing in and out. The tokens stay in this object: they are never written anywhere, and end with the page.

import { dataOf, read, Refusal, request, send, type Answer, type Fetch, type Operation } from './api';
import { answers } from './stream';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds that the access token lives. */
  readonly expiresIn: number;
}

/** What a session tells of itself. */
export interface Listener {
  /** The tokens were renewed, and with them the roles. */
  renewed(): void;
  /** The gateway says that the session is over, though nobody signed out here. */
  ended(): void;
}

/** One sign-in: renewals change its tokens, and who signs in next gets another. */
interface SignIn {
  tokens: Tokens;
  /** Aborted when it is over. */
  readonly over: AbortController;
  renewal?: Promise<void> | undefined;
}

const tokens = 'accessToken refreshToken expiresIn';
/** How long before its end a token is renewed, in seconds; half its life when that is less. */
const early = 60;
/** When to try once more after the gateway could not be reached, in seconds. */
const again = 15;
/** When to try once more to renew the token of a stream: the roles may still be changing when it is told of that. */
const soon = 1;

export class Session {
  #current: SignIn | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fetch: Fetch;
  #listener: Listener | undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** Whether somebody is signed in, as far as is known here. */
  get open(): boolean {
    return this.#current !== null;
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Opens a session; a Refusal says why not. */
  async signIn(email: string, password: string): Promise<void> {
    const operation = {
      query: `mutation SignIn($input: SignInInput!) { signIn(input: $input) { ${tokens} } }`,
      variables: { input: { email, password } },
    };
    const answer = await read<{ signIn: Tokens }>(await send(this.#fetch, '/graphql', request(operation)));
    this.#begin({ tokens: dataOf(answer).signIn, over: new AbortController() });
  }

  /** Opens the session of who comes back from their identity provider; a Refusal says why there is none. */
  async comeBack(): Promise<void> {
    const init: RequestInit = {
      method: 'POST',
      headers: { Accept: 'application/json' },
      credentials: 'same-origin', // a cookie that no script reads says who it is
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    };
    const answer = await read<{ signIn: Tokens }>(await send(this.#fetch, '/sign-in/session', init));
    this.#begin({ tokens: dataOf(answer).signIn, over: new AbortController() });
  }

  /**
   * Ends the session. The tokens are gone at once, whatever the gateway answers; a Refusal says that it did not end it.
   * A token that the gateway refuses is renewed for this: it may just be old, and its session would live on.
   */
  async signOut(): Promise<void> {
    const mine = this.#current;
    this.#end();
    if (!mine) {
      return;
    }
    const init = { ...request({ query: 'mutation SignOut { signOut { endedSessionId } }' }), keepalive: true };
    const used = mine.tokens;
    let response = await send(this.#fetch, '/graphql', authorized(init, used));
    if (refused(response)) {
      try {
        await this.#renewed(mine, used);
      } catch (error) {
        if (isOver(error)) {
          return;
        }
        throw error;
      }
      response = await send(this.#fetch, '/graphql', authorized(init, mine.tokens));
    }
    if (!refused(response)) {
      dataOf(await read(response));
    }
  }

  /** Sends an operation as the caller, with further headers that win over the session's. */
  async ask<Data>(operation: Operation, headers: Readonly<Record<string, string>> = {}): Promise<Answer<Data>> {
    const init = request(operation);
    return read<Data>(await this.send('/graphql', { ...init, headers: { ...init.headers, ...headers } }));
  }

  /**
   * Follows a subscription as the caller: its answers as they come, until there are no more or it is stopped. A stream ends
   * with its token, and another one goes on with the next. It never does as anybody else: who signs out stops it.
   */
  async *follow<Data>(
    operation: Operation,
    headers: Readonly<Record<string, string>>,
    stop: AbortSignal,
  ): AsyncGenerator<Answer<Data>> {
    const mine = new Headers(headers).has('Authorization') ? null : this.#current;
    const signal = mine ? AbortSignal.any([stop, mine.over.signal]) : stop;
    const init = request(operation);
    const asked = { ...init, headers: { ...init.headers, Accept: 'text/event-stream', ...headers }, signal };
    try {
      for (let last: Answer<Data> | undefined; ; last = undefined) {
        const response = await this.send('/graphql', asked);
        const used = mine?.tokens;
        for await (const answer of answers<Data>(response)) {
          if (mine && response.ok && isStale(answer)) {
            last = answer;
          } else {
            yield answer;
          }
        }
        if (!last || !mine || !used) {
          return;
        }
        if (!(await this.#renewedSoon(mine, used, stop))) {
          yield last;
          return;
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  /** The schema for the documentation, in the schema definition language. */
  async schema(): Promise<string> {
    const response = await this.send('/graphiql/schema.graphqls', { cache: 'no-store', credentials: 'omit' });
    if (!response.ok) {
      throw new Refusal(`The gateway does not show its schema (HTTP ${response.status}).`);
    }
    return response.text();
  }

  /**
   * Sends a request with the access token, unless it has an Authorization of its own. A token that the gateway refuses
   * is renewed once; the request did not reach anything and may be sent again. It never is as anybody else: who signs
   * out, or in, meanwhile leaves it refused.
   */
  async send(path: string, init: RequestInit): Promise<Response> {
    const mine = new Headers(init.headers).has('Authorization') ? null : this.#current;
    if (!mine) {
      return send(this.#fetch, path, init);
    }
    const used = mine.tokens;
    const response = await send(this.#fetch, path, authorized(init, used));
    if (!refused(response) || this.#current !== mine) {
      return response;
    }
    try {
      await this.#renewed(mine, used);
    } catch {
      return response;
    }
    return this.#current === mine ? send(this.#fetch, path, authorized(init, mine.tokens)) : response;
  }

  /** Sees to it that a sign-in has other tokens than those used: by one renewal, however many ask for it. */
  async #renewed(mine: SignIn, used: Tokens): Promise<void> {
    if (mine.tokens === used) {
      mine.renewal ??= this.#renew(mine).finally(() => (mine.renewal = undefined));
      await mine.renewal;
    }
  }

  /** Does so as soon as the gateway can; says whether the sign-in goes on. */
  async #renewedSoon(mine: SignIn, used: Tokens, stop: AbortSignal): Promise<boolean> {
    const goesOn = () => this.#current === mine && !stop.aborted;
    while (goesOn()) {
      try {
        await this.#renewed(mine, used);
        break;
      } catch {
        if (goesOn()) {
          await new Promise((resolve) => setTimeout(resolve, soon * 1000));
        }
      }
    }
    return goesOn();
  }

  async #renew(mine: SignIn): Promise<void> {
    const operation = {
      query: `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${tokens} } }`,
      variables: { input: { refreshToken: mine.tokens.refreshToken } },
    };
    try {
      const answer = await read<{ refreshSession: Tokens }>(await send(this.#fetch, '/graphql', request(operation)));
      mine.tokens = dataOf(answer).refreshSession;
    } catch (error) {
      if (this.#current === mine) {
        if (isOver(error)) {
          this.#end();
          this.#listener?.ended();
        } else {
          this.#plan(mine, again);
        }
      }
      throw error;
    }
    if (this.#current === mine) {
      this.#begin(mine);
      this.#listener?.renewed();
    }
  }

  #begin(mine: SignIn): void {
    this.#current = mine;
    const { expiresIn } = mine.tokens;
    this.#plan(mine, Math.max(expiresIn - early, expiresIn / 2));
  }

  #end(): void {
    this.#current?.over.abort();
    this.#current = null;
    clearTimeout(this.#timer);
  }

  /** Plans a renewal. One that fails has planned the next, or ended the session. */
  #plan(mine: SignIn, seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renewed(mine, mine.tokens).catch(() => undefined), seconds * 1000);
  }
}

/** Whether this is the gateway's word that there is no such session, rather than that it could not tell. */
function isOver(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'UNAUTHENTICATED';
}

/** Whether this answer ends a stream whose token is not good any more. */
function isStale({ data, errors }: Answer): boolean {
  return !data && errors?.[0]?.extensions?.code === 'UNAUTHENTICATED';
}

function authorized(init: RequestInit, { accessToken }: Tokens): RequestInit {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${accessToken}`);
  return { ...init, headers };
}

/** Whether the token was refused, rather than something that was asked for with it (RFC 6750, section 3.1). */
function refused(response: Response): boolean {
  return response.status === 401 && (response.headers.get('WWW-Authenticate') ?? '').includes('invalid_token');
}
