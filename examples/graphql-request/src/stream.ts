// A caller's subscriptions over Server-Sent Events, each with a request of its own.
import { createClient, type ExecutionResult, type RequestParams, type Sink } from "graphql-sse";
import { SignedOut, type Caller, type Session } from "./session.js";

type Extensions = Record<string, unknown>;

/**
 * Starts a subscription that is this caller's, whoever signs in later, and returns what stops it.
 *
 * The gateway ends the stream with the caller's token: when it expires or the roles change, by a last event with
 * UNAUTHENTICATED. Then the token is refreshed and the subscription sent again; what is logged in between is not told.
 * The sink gets the error SignedOut when the session has ended.
 */
export function follow<Data>(
  session: Session,
  caller: Caller | undefined,
  request: RequestParams,
  sink: Sink<ExecutionResult<Data, Extensions>>,
): () => void {
  let token: string | undefined;
  let refused = false;
  let stopped = false;
  const client = createClient({
    url: session.url,
    async headers(): Promise<Record<string, string>> {
      if (caller && token && refused) await session.refresh(caller, token).catch(unlessTemporary);
      token = caller?.accessToken;
      refused = false;
      return token ? { Authorization: `Bearer ${token}` } : {};
    },
    async fetchFn(input: string, init: RequestInit) {
      const answer = await fetch(input, init);
      refused = answer.status === 401; // graphql-sse tries again after a moment
      return answer;
    },
  });
  let stop = () => {};
  const begin = () => {
    stop = client.subscribe<Data, Extensions>(request, {
      next(result) {
        refused = caller !== undefined && isRefused(result);
        if (!refused) sink.next(result);
      },
      error: (error) => sink.error(error),
      complete: () => (refused && !stopped ? begin() : sink.complete()),
    });
  };
  begin();
  return () => {
    stopped = true;
    stop();
  };
}

function isRefused({ data, errors }: ExecutionResult<unknown, Extensions>): boolean {
  return !data && errors?.[0]?.extensions?.code === "UNAUTHENTICATED";
}

// Without a new token the old one is sent, refused again, and graphql-sse tries again after a while.
function unlessTemporary(error: unknown): void {
  if (error instanceof SignedOut) throw error;
}
