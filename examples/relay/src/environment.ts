// Relay's environment: how requests are sent, and what a denied field throws.
import { Environment, Network, RecordSource, Store, type FetchFunction } from "relay-runtime";
import { Denied, lacking } from "./denied";
import type { Session } from "./session";

/** Makes an environment whose requests are those of the session's user. Another user gets another, with its own store. */
export function createEnvironment(session: Session): Environment {
  return new Environment({
    network: Network.create(fetchWith(session)),
    store: new Store(new RecordSource()),
    // Relay calls this for each field error that is read. Below @throwOnFieldError it goes on to throw an error that
    // says nothing; this one names the permission.
    relayFieldLogger(event) {
      if (event.kind !== "relay_field_payload.error" || !event.shouldThrow || event.handled) return;
      const permission = lacking(event.error);
      if (permission) throw new Denied(permission);
    },
  });
}

// What the compiler has put into persisted-queries.json has an id and no text. The answer is handed over as it is: Relay puts each error at the field that its path leads to, and throws when there
// is no data at all, as for a denied mutation.
function fetchWith(session: Session): FetchFunction {
  return async ({ id, name, text }, variables) => {
    const answer = await session.fetch(session.url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/graphql-response+json, application/json;q=0.9",
      },
      body: JSON.stringify(text ? { query: text, variables } : { doc_id: id, operationName: name, variables }),
    });
    return answer.json();
  };
}
