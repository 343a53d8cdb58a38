// A developer of the demo account at work with Apollo Client, while the owner changes their roles.
import { CombinedGraphQLErrors, type ApolloClient } from "@apollo/client";
import { filter, firstValueFrom } from "rxjs";
import WebSocket from "ws";
import { createClient } from "./client.js";
import { check, inbox, password, step, url, wire } from "./demo.js";
import { denials } from "./denials.js";
import * as operations from "./operations.js";
import { Session } from "./session.js";

Object.assign(globalThis, { WebSocket }); // as browsers have it, and Node from 22 on

const errorsIn = (error: unknown) => (CombinedGraphQLErrors.is(error) ? error.errors : []);

step("Sign in");
const session = new Session(url);
const client = createClient(session);
await session.signIn("developer@example.com", password);
const { data: me } = await client.query({ query: operations.VIEWER });
check("the session is the developer's", me?.viewer.email, "developer@example.com");

step("Query a list, page by page");
const list = client.watchQuery({ query: operations.API_KEYS, variables: { first: 2 } });
const { data: page } = await firstValueFrom(list.pipe(filter((result) => result.dataState === "complete")));
await list.fetchMore({ variables: { after: page.account.apiKeys?.pageInfo.endCursor } });
const shown = () => client.readQuery({ query: operations.API_KEYS, variables: { first: 2 } })?.account.apiKeys?.edges;
check("the second page is joined to the first", shown()?.length, 4);

step("Be denied fields of Billing");
const { data, error } = await client.query({ query: operations.CALLS });
const denied = denials(errorsIn(error));
const calls = data?.account.calls?.edges.map(({ node }) => node);
check("the rest of the answer is there", calls?.map(({ status }) => status), ["COMPLETED", "COMPLETED"]);
check("what is denied is null", [data?.account.balance, ...(calls?.map(({ price }) => price) ?? [])], [null, null, null]);
check("each such null is explained, by its path", [...denied.keys()], [
  "account.balance",
  "account.calls.edges.0.node.price",
  "account.calls.edges.1.node.price",
]);
check("with the permission that is lacking", denied.get("account.balance")?.permission, "BILLING_HISTORY_AND_SETTINGS");
const cached = await client.query({ query: operations.CALLS });
check("the cache keeps the nulls, but not what explains them", [cached.data?.account.balance, cached.error], [null, undefined]);

const follow = () => {
  const logs = inbox<ApolloClient.SubscribeResult<operations.Logged>>();
  const subscription = client.subscribe({ query: operations.LOGS, errorPolicy: "all" }).subscribe((log) => logs.put(log));
  return { next: logs.next, stop: () => subscription.unsubscribe() };
};

step("The owner signs in, and makes the developer one of support");
const owner = new Session(url);
const asOwner = createClient(owner);
await owner.signIn("owner@example.com", password);
const { data: found } = await asOwner.query({ query: operations.USER, variables: { email: "developer@example.com" } });
const userId = found?.account.users.edges[0]?.node.id ?? "";
const setRoles = (...roles: string[]) =>
  asOwner.mutate({ mutation: operations.SET_USER_ROLES, variables: { userId, roles } });
await setRoles("SUPPORT");
try {
  step("Refresh once, for two requests that are answered with 401");
  const [viewer, keys] = await Promise.all([
    client.query({ query: operations.VIEWER, fetchPolicy: "network-only" }),
    list.refetch(),
  ]);
  check("each was sent again after the one refresh", [...wire].sort(), [
    "200 ApiKeys",
    "200 RefreshSession",
    "200 Viewer",
    "401 ApiKeys",
    "401 Viewer",
  ]);
  check("the new token holds the new roles", viewer.data?.viewer.roles, ["SUPPORT"]);
  check("the list is not empty but denied", keys.data?.account.apiKeys, null);
  check("and that is explained too", denials(errorsIn(keys.error)).get("account.apiKeys")?.permission, "API_CREDENTIALS");

  step("Follow the logs over a WebSocket");
  const logs = follow();
  const log = await logs.next();
  check("what is logged comes by itself", log.data?.productLogs?.__typename, "Call");
  check("its price is denied to one of support", [log.data?.productLogs?.price, [...denials(errorsIn(log.error)).keys()]], [
    null,
    ["productLogs.price"],
  ]);
  await setRoles("DEVELOPER");
  while (!wire.includes("200 RefreshSession")) await logs.next(); // what had come before
  check("when the roles change it goes on with a new token", (await logs.next()).data?.productLogs?.__typename, "Call");
  logs.stop();
} finally {
  await setRoles("DEVELOPER");
}

step("Make an API key, and delete it");
await list.refetch();
const { data: made } = await client.mutate({
  mutation: operations.CREATE_API_KEY,
  variables: { name: "Apollo example" },
  update(cache, { data }) {
    const edge = data?.createApiKey.apiKeyEdge;
    cache.updateQuery({ query: operations.API_KEYS, variables: { first: 2 } }, (before) => {
      const keys = before?.account.apiKeys;
      return edge && keys && { account: { ...before.account, apiKeys: { ...keys, edges: [edge, ...keys.edges] } } };
    });
  },
});
check("its secret is shown, this once", made?.createApiKey.secret.length, 32);
check("it is at the head of the list, without asking again", shown()?.[0]?.node.friendlyName, "Apollo example");
const id = shown()?.[0]?.node.id ?? "";
await client.mutate({
  mutation: operations.DELETE_API_KEY,
  variables: { id },
  update(cache) {
    cache.evict({ id: cache.identify({ __typename: "ApiKey", id }) });
    cache.gc();
  },
});
check("and is gone from it", shown()?.map(({ node }) => node.id).includes(id), false);

step("Be denied a mutation");
const refused = await client
  .mutate({ mutation: operations.SET_USER_ROLES, variables: { userId, roles: ["ADMINISTRATOR"] } })
  .catch((error: unknown) => error);
check("it throws", errorsIn(refused)[0]?.message, "Mutation.setUserRoles needs the permission USER_MANAGEMENT (UPDATE).");
check("and nothing of it was done", wire, ["403 SetUserRoles"]);

step("Sign out");
const logs = follow();
await logs.next();
await session.signOut();
let last = await logs.next();
while (!last.error || CombinedGraphQLErrors.is(last.error)) last = await logs.next(); // what had come before
check("which ends what is followed, for good", last.error.message.includes("4401"), true);
await client.clearStore();
const { error: unauthenticated } = await client.query({ query: operations.VIEWER });
check("the next request is a guest's", errorsIn(unauthenticated)[0]?.extensions?.code, "UNAUTHENTICATED");
await owner.signOut();
