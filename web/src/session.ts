// Signing in and out. The tokens stay in this object: they are never written anywhere, and end with the page.

import { dataOf, read, Refusal, request, send, type Answer, type Fetch, type Operation } from './api';

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

const tokens = 'accessToken refreshToken expiresIn';
/** How long before its end a token is renewed, in seconds; half its life when that is less. */
const early = 60;
/** When to try once more after the gateway could not be reached, in seconds. */
const again = 15;

export class Session {
  #tokens: Tokens | null = null;
  #renewal: Promise<boolean> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fetch: Fetch;
  #listener: Listener | undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** Whether somebody is signed in, as far as is known here. */
  get open(): boolean {
    return this.#tokens !== null;
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
    this.#keep(dataOf(answer).signIn);
  }

  /** Ends the session. The tokens are gone at once, whatever the gateway answers; a Refusal says that it did not. */
  async signOut(): Promise<void> {
    const held = this.#tokens;
    this.#keep(null);
    if (held) {
      const init = request({ query: 'mutation SignOut { signOut { endedSessionId } }' });
      init.headers.Authorization = `Bearer ${held.accessToken}`;
      const response = await send(this.#fetch, '/graphql', { ...init, keepalive: true });
      if (!refused(response)) {
        dataOf(await read(response));
      }
    }
  }

  /** Sends an operation as the caller, with further headers that win over the session's. */
  async ask<Data>(operation: Operation, headers: Readonly<Record<string, string>> = {}): Promise<Answer<Data>> {
    const init = request(operation);
    return read<Data>(await this.send('/graphql', { ...init, headers: { ...init.headers, ...headers } }));
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
   * is renewed once; the request did not reach anything and may be sent again.
   */
  async send(path: string, init: RequestInit): Promise<Response> {
    const own = new Headers(init.headers).has('Authorization');
    const used = this.#tokens;
    const response = await send(this.#fetch, path, own ? init : authorized(init, used));
    if (own || !used || !refused(response)) {
      return response;
    }
    // Another request may have renewed the tokens since, or somebody else may have signed in.
    if (this.#tokens === used && !(await this.#renew())) {
      return response;
    }
    return this.#tokens ? send(this.#fetch, path, authorized(init, this.#tokens)) : response;
  }

  /** Renews the tokens, once however many ask for it. False when that failed. */
  #renew(): Promise<boolean> {
    this.#renewal ??= this.#exchange().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #exchange(): Promise<boolean> {
    const held = this.#tokens;
    if (!held) {
      return false;
    }
    const operation = {
      query: `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${tokens} } }`,
      variables: { input: { refreshToken: held.refreshToken } },
    };
    try {
      const answer = await read<{ refreshSession: Tokens }>(await send(this.#fetch, '/graphql', request(operation)));
      const renewed = dataOf(answer).refreshSession;
      if (this.#tokens !== held) {
        return false; // signed out meanwhile
      }
      this.#keep(renewed);
      this.#listener?.renewed();
      return true;
    } catch (error) {
      if (this.#tokens !== held) {
        return false;
      }
      if (error instanceof Refusal && error.code === 'UNAUTHENTICATED') {
        this.#keep(null);
        this.#listener?.ended();
      } else {
        this.#plan(again);
      }
      return false;
    }
  }

  #keep(held: Tokens | null): void {
    this.#tokens = held;
    clearTimeout(this.#timer);
    if (held) {
      this.#plan(Math.max(held.expiresIn - early, held.expiresIn / 2));
    }
  }

  #plan(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), seconds * 1000);
  }
}

function authorized(init: RequestInit, held: Tokens | null): RequestInit {
  const headers = new Headers(init.headers);
  if (held) {
    headers.set('Authorization', `Bearer ${held.accessToken}`);
  }
  return { ...init, headers };
}

/** Whether the token was refused, rather than something that was asked for with it (RFC 6750, section 3.1). */
function refused(response: Response): boolean {
  return response.status === 401 && (response.headers.get('WWW-Authenticate') ?? '').includes('invalid_token');
}
