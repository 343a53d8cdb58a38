// Who is signed in. Every example has this same file, and it knows nothing of their clients.
//
// The tokens are kept in memory: a script that gets into the page finds none in its storage, and a reload signs
// out. Each tab signs in by itself; tabs that are to share a session must also share its refreshes.

/** The session has ended, or never was: show the sign-in form. */
export class SignedOut extends Error {}

/** The gateway did not do what was asked. `code` is one of the codes in README.md, "Errors". */
export class Refused extends Error {
  constructor(message: string, readonly code: string) {
    super(message);
  }
}

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** One user, from signing in until they sign out. A refresh changes the token, never whose it is. */
class Caller {
  #tokens: Tokens;
  #refreshing?: Promise<void>;

  constructor(tokens: Tokens, private readonly renew: (refreshToken: string) => Promise<Tokens>) {
    this.#tokens = tokens;
  }

  /** What to send as `Authorization: Bearer`. */
  get accessToken(): string {
    return this.#tokens.accessToken;
  }

  // A refresh token is good once, and a second use ends the session. So requests that are refused together share one
  // refresh, and one that is refused late, with a token that was replaced since, has nothing left to do.
  async refresh(refused: string): Promise<void> {
    if (this.accessToken !== refused) return;
    this.#refreshing ??= this.#replace().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async #replace(): Promise<void> {
    this.#tokens = await this.renew(this.#tokens.refreshToken);
  }
}

export type { Caller };

export class Session {
  #caller?: Caller;

  /** @param url of the gateway's `/graphql`. */
  constructor(readonly url: string) {}

  /**
   * Who is signed in; undefined for a guest. A request is its caller's from the first: note them when it is made, and
   * send it with their token each time, or it is sent once more as whoever has signed in meanwhile.
   */
  get caller(): Caller | undefined {
    return this.#caller;
  }

  /** Opens a session. Throws Refused when the password is not this user's. */
  async signIn(email: string, password: string): Promise<void> {
    const tokens = await this.#tokensFrom(
      `mutation SignIn($input: SignInInput!) { tokens: signIn(input: $input) { accessToken refreshToken } }`,
      { email, password },
    );
    this.#caller = new Caller(tokens, (refreshToken) => this.#renew(refreshToken));
  }

  /**
   * Replaces an access token that was answered with 401: it has expired, or the user's roles have changed. Throws
   * SignedOut when the session has ended, or is not this caller's any more.
   *
   * @param caller whose request was refused.
   * @param refused the token that it was sent with.
   */
  async refresh(caller: Caller, refused: string): Promise<void> {
    if (this.#caller !== caller) throw new SignedOut("You have signed out.");
    try {
      await caller.refresh(refused);
    } catch (error) {
      if (!isOver(error)) throw error; // such as 503: try again later
      if (this.#caller === caller) this.#caller = undefined;
      throw new SignedOut(error.message);
    }
    if (this.#caller !== caller) throw new SignedOut("You have signed out.");
  }

  /**
   * `fetch` with the caller's token. After a 401 the token is refreshed and the request sent once more: it was
   * refused before any of it ran, so that is safe for mutations too.
   */
  readonly fetch: typeof fetch = async (input, init) => {
    const caller = this.#caller;
    if (!caller) return fetch(input, init);
    return fetchAs(caller, (refused) => this.refresh(caller, refused), input, init);
  };

  /** Ends the session, here and in the gateway. */
  async signOut(): Promise<void> {
    const caller = this.#caller;
    if (!caller) return;
    try {
      await this.#ask(`mutation SignOut { signOut { endedSessionId } }`, undefined, (input, init) =>
        fetchAs(caller, (refused) => caller.refresh(refused), input, init), // even if somebody else has signed in since
      );
    } catch (error) {
      if (!isOver(error)) throw error;
    } finally {
      if (this.#caller === caller) this.#caller = undefined;
    }
  }

  #renew(refreshToken: string): Promise<Tokens> {
    return this.#tokensFrom(
      `mutation RefreshSession($input: RefreshSessionInput!) {
        tokens: refreshSession(input: $input) { accessToken refreshToken }
      }`,
      { refreshToken },
    );
  }

  async #tokensFrom(query: string, input: object): Promise<Tokens> {
    return (await this.#ask<{ tokens: Tokens }>(query, { input })).tokens;
  }

  // Without a token unless `by` sends one: a stale one would have signIn and refreshSession refused with it.
  async #ask<Data>(query: string, variables?: object, by: typeof fetch = fetch): Promise<Data> {
    const answer = await by(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Refused(errors[0].message, errors[0].extensions.code);
    return data;
  }
}

async function fetchAs(caller: Caller, refresh: (refused: string) => Promise<void>, ...[input, init]: Parameters<typeof fetch>) {
  const send = (token: string) => {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
  const token = caller.accessToken;
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  await refresh(token);
  return send(caller.accessToken);
}

/** Whether the gateway says that there is no such session, rather than that it cannot tell. */
function isOver(error: unknown): error is Refused {
  return error instanceof Refused && error.code === "UNAUTHENTICATED";
}
