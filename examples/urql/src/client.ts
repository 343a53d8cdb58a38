// The client: which exchanges, and how urql's own auth exchange uses the session.
import { cacheExchange, Client, fetchExchange, makeOperation, type Exchange, type Operation } from "urql";
import { authExchange } from "@urql/exchange-auth";
import type { Session } from "./session.js";

/** Makes a client whose requests are those of the session's user. Another user gets another client, with a cache of its own. */
export function createClient(session: Session): Client {
  return new Client({
    url: session.url,
    preferGetMethod: false, // by default queries are in the URL, where logs keep an e-mail address that is looked for
    exchanges: [cacheExchange, authorize(session), fetchExchange],
  });
}

// The exchange holds back what comes during a refresh, and sends once more what was refused with 401.
function authorize(session: Session): Exchange {
  return authExchange(async ({ appendHeaders }) => {
    let refused = "";
    return {
      addAuthToOperation(operation) {
        const token = session.accessToken;
        return token ? appendHeaders(withToken(operation, token), { Authorization: `Bearer ${token}` }) : operation;
      },
      // A guest has nothing to refresh, and a denied field's FORBIDDEN does not go away by it.
      didAuthError(error, { context: { token } }) {
        if (error.response?.status !== 401 || typeof token !== "string") return false;
        refused = token;
        return true;
      },
      refreshAuth: () => session.refresh(refused),
    };
  });
}

function withToken(operation: Operation, token: string): Operation {
  return makeOperation(operation.kind, operation, { ...operation.context, token });
}
