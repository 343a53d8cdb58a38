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

export class Session {
  #tokens?: Tokens;
  #refreshing?: Promise<void>;

  /** @param url of the gateway's `/graphql`. */
  constructor(readonly url: string) {}

  /** What to send as `Authorization: Bearer`; undefined for a guest. */
  get accessToken(): string | undefined {
    return this.#tokens?.accessToken;
  }

  /** Opens a session. Throws Refused when the password is not this user's. */
  async signIn(email: string, password: string): Promise<void> {
    this.#tokens = await this.#tokensFrom(
      `mutation SignIn($input: SignInInput!) { tokens: signIn(input: $input) { accessToken refreshToken } }`,
      { email, password },
    );
  }

  /**
   * Replaces an access token that was answered with 401: it has expired, or the user's roles have changed. Throws
   * SignedOut when the session has ended.
   *
   * A refresh token is good once, and a second use ends the session. So requests that are refused together share one
   * refresh, and one that is refused late, with a token that was replaced since, has nothing left to do.
   *
   * @param refused the token that the refused request was sent with.
   */
  async refresh(refused: string): Promise<void> {
    if (!this.#tokens) throw new SignedOut("Sign in first.");
    if (this.#tokens.accessToken !== refused) return;
    this.#refreshing ??= this.#renew(this.#tokens).finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
    if (!this.#tokens) throw new SignedOut("You have signed out.");
  }

  /**
   * `fetch` with the caller's token. After a 401 the token is refreshed and the request sent once more: it was
   * refused before any of it ran, so that is safe for mutations too.
   */
  readonly fetch: typeof fetch = async (input, init) => {
    const send = (token?: string) => {
      const headers = new Headers(init?.headers);
      if (token) headers.set("Authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    };
    const token = this.accessToken;
    const answer = await send(token);
    if (answer.status !== 401 || !token) return answer;
    await this.refresh(token);
    return send(this.accessToken);
  };

  /** Ends the session, here and in the gateway. */
  async signOut(): Promise<void> {
    try {
      await this.#ask(`mutation SignOut { signOut { endedSessionId } }`, undefined, this.fetch);
    } catch (error) {
      if (!(error instanceof SignedOut)) throw error;
    } finally {
      this.#tokens = undefined;
    }
  }

  async #renew(tokens: Tokens): Promise<void> {
    try {
      const renewed = await this.#tokensFrom(
        `mutation RefreshSession($input: RefreshSessionInput!) {
          tokens: refreshSession(input: $input) { accessToken refreshToken }
        }`,
        { refreshToken: tokens.refreshToken },
      );
      if (this.#tokens === tokens) this.#tokens = renewed; // unless the user has signed out meanwhile
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "UNAUTHENTICATED") throw error; // such as 503: try again later
      if (this.#tokens === tokens) this.#tokens = undefined;
      throw new SignedOut(error.message);
    }
  }

  async #tokensFrom(query: string, input: object): Promise<Tokens> {
    return (await this.#ask<{ tokens: Tokens }>(query, { input })).tokens;
  }

  // Without a token unless `by` sends one: a stale one would have signIn and refreshSession refused with it.
  async #ask<Data>(query: string, variables?: object, by = fetch): Promise<Data> {
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
