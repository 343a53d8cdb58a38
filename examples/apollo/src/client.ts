// The client: which links, how errors are taken, how lists are kept.
import {
  ApolloClient,
  ApolloLink,
  HttpLink,
  InMemoryCache,
  ServerError,
  type FieldMergeFunction,
  type FieldPolicy,
} from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import { defer, switchMap } from "rxjs";
import type { Caller, Session } from "./session.js";
import { socketOf } from "./socket.js";

// A query whose answer lacks what was denied is still an answer: keep its data, and its errors beside it. A mutation
// that is denied throws, for nothing of it was done.
declare module "@apollo/client" {
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface Query {
        errorPolicy: "all";
      }
      interface WatchQuery {
        errorPolicy: "all";
      }
    }
  }
}

/** Makes a client whose requests are those of the session's user. `before` has links that come before the last. */
export function createClient(session: Session, ...before: ApolloLink[]): ApolloClient {
  const overHTTP = ApolloLink.from([...before, new HttpLink({ uri: session.url })]);
  const split = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    overSocket(session),
    overHTTP,
  );
  return new ApolloClient({
    link: ApolloLink.from([renew(session), authorize(session), split]),
    cache: new InMemoryCache({
      typePolicies: {
        Account: { fields: { apiKeys: pages(["friendlyName"]) } },
        Viewer: { keyFields: ["sid"] },
      },
    }),
    defaultOptions: { query: { errorPolicy: "all" }, watchQuery: { errorPolicy: "all" } },
  });
}

function authorize(session: Session): ApolloLink {
  return new SetContextLink(({ headers, caller = session.caller }) => {
    const token = caller?.accessToken;
    return token ? { caller, token, headers: { ...headers, authorization: `Bearer ${token}` } } : {};
  });
}

// After a 401 the token is refreshed and the request sent once more, through authorize again, which finds whose it is
// in the context. ErrorLink does not see how that ends, so a second 401 is the caller's.
function renew(session: Session): ApolloLink {
  return new ErrorLink(({ error, operation, forward }) => {
    const { caller, token } = operation.getContext();
    if (!caller || !ServerError.is(error) || error.statusCode !== 401) return;
    return defer(() => session.refresh(caller, token)).pipe(switchMap(() => forward(operation)));
  });
}

// A socket is one caller's: who signs in next gets another.
function overSocket(session: Session): ApolloLink {
  let open: { caller?: Caller; link: GraphQLWsLink } | undefined;
  return new ApolloLink((operation) => {
    const caller: Caller | undefined = operation.getContext().caller;
    if (!open || open.caller !== caller) open = { caller, link: new GraphQLWsLink(socketOf(session, caller)) };
    return open.link.request(operation);
  });
}

// Pages of a connection, joined. By itself relayStylePagination makes an empty list of one that is denied.
function pages(keyArgs: string[]): FieldPolicy {
  const policy = relayStylePagination(keyArgs);
  const join = policy.merge as FieldMergeFunction;
  return { ...policy, merge: (existing, incoming, options) => incoming && join(existing ?? undefined, incoming, options) };
}
