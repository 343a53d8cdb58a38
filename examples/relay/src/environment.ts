// Relay's environment: how requests are sent, and what a denied field throws.
import type { Client } from "graphql-ws";
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  type FetchFunction,
  type GraphQLResponse,
  type RequestParameters,
  type SubscribeFunction,
  type Variables,
} from "relay-runtime";
import { Denied, lacking } from "./denied";
import type { Caller, Session } from "./session";
import { socketOf } from "./socket";

/** Makes an environment whose requests are those of the session's user. Another user gets another, with its own store. */
export function createEnvironment(session: Session): Environment {
  return new Environment({
    network: Network.create(fetchWith(session), subscribeWith(session)),
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

// The answer is handed over as it is: Relay puts each error at the field that its path leads to, and throws when there is
// no data at all, as for a denied mutation.
function fetchWith(session: Session): FetchFunction {
  return async (operation, variables) => {
    const answer = await session.fetch(session.url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/graphql-response+json, application/json;q=0.9",
      },
      body: JSON.stringify(request(operation, variables)),
    });
    return answer.json();
  };
}

// A socket is one caller's: who signs in next gets another.
function subscribeWith(session: Session): SubscribeFunction {
  let open: { caller?: Caller; socket: Client } | undefined;
  return (operation, variables) => {
    const { caller } = session;
    if (!open || open.caller !== caller) open = { caller, socket: socketOf(session, caller) };
    const { socket } = open;
    return Observable.create<GraphQLResponse>((sink) =>
      // graphql-ws wants a query, be it empty.
      socket.subscribe({ query: "", ...request(operation, variables) }, {
        next: (answer) => sink.next(answer as GraphQLResponse),
        error: (reason) => sink.error(reason as Error), // or a CloseEvent
        complete: () => sink.complete(),
      }),
    );
  };
}

// What the compiler has put into persisted-queries.json has an id and no text.
function request({ id, name, text }: RequestParameters, variables: Variables) {
  return text ? { query: text, variables } : { doc_id: id, operationName: name, variables };
}
