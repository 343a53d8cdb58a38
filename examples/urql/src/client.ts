// The client: which exchanges, and how urql's own auth exchange uses the session.
import {
  cacheExchange,
  Client,
  fetchExchange,
  makeOperation,
  mapExchange,
  subscriptionExchange,
  type Exchange,
  type Operation,
} from "urql";
import { authExchange } from "@urql/exchange-auth";
import type { Caller, Session } from "./session.js";
import { follow } from "./stream.js";

/**
 * Makes a client whose requests are those of the session's user. Another user gets another client, with a cache of its
 * own. `before` has exchanges that come before the last.
 */
export function createClient(session: Session, ...before: Exchange[]): Client {
  return new Client({
    url: session.url,
    preferGetMethod: false, // by default queries are in the URL, where logs keep an e-mail address that is looked for
    exchanges: [cacheExchange, note(session), authorize(session), subscribe(session), ...before, fetchExchange],
  });
}

// Notes whose an operation is, before it may be held back: when it is sent, somebody else may be signed in.
function note(session: Session): Exchange {
  return mapExchange({ onOperation: (operation) => withContext(operation, { caller: session.caller }) });
}

// The exchange holds back what comes during a refresh, and sends once more what was refused with 401.
function authorize(session: Session): Exchange {
  return authExchange(async ({ appendHeaders }) => {
    let refused: { caller: Caller; token: string };
    return {
      addAuthToOperation(operation) {
        const token = operation.context.caller?.accessToken;
        return token ? appendHeaders(withContext(operation, { token }), { Authorization: `Bearer ${token}` }) : operation;
      },
      // A guest has nothing to refresh, and a denied field's FORBIDDEN does not go away by it.
      didAuthError(error, { context: { caller, token } }) {
        if (error.response?.status !== 401 || !caller) return false;
        refused = { caller, token };
        return true;
      },
      refreshAuth: () => session.refresh(refused.caller, refused.token),
    };
  });
}

// Subscriptions by Server-Sent Events, with a token of their own. urql can read them too, but not renew the token of a stream.
function subscribe(session: Session): Exchange {
  return subscriptionExchange({
    forwardSubscription: ({ query = "", variables }, { context: { caller } }) => ({
      subscribe: (sink) => ({ unsubscribe: follow(session, caller, { query, variables }, sink) }),
    }),
  });
}

function withContext(operation: Operation, more: object): Operation {
  return makeOperation(operation.kind, operation, { ...operation.context, ...more });
}
