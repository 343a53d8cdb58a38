// A developer of the demo account at work with urql, while the owner changes their roles.
import type { OperationResult } from "urql";
import { createClient } from "./client.js";
import { check, inbox, password, step, url, wire } from "./demo.js";
import { denials } from "./denials.js";
import * as operations from "./operations.js";
import { Session, SignedOut } from "./session.js";

// The document cache forgets an answer when a mutation's has a type in common with it. It knows these types only from
// the answers, so it must be told where one has none to show: an empty list, or a deletion.
const aboutKeys = { additionalTypenames: ["ApiKey"] };
const anew = { requestPolicy: "network-only" } as const;

step("Sign in");
const session = new Session(url);
const client = createClient(session);
await session.signIn("developer@example.com", password);
const me = await client.query(operations.VIEWER, {});
check("the session is the developer's", me.data?.viewer.email, "developer@example.com");

step("Query a list, page by page");
const first = await client.query(operations.API_KEYS, { first: 2 }, aboutKeys);
const after = first.data?.account.apiKeys?.pageInfo.endCursor;
const second = await client.query(operations.API_KEYS, { first: 2, after }, aboutKeys);
const ids = [first, second].flatMap(({ data }) => data?.account.apiKeys?.edges.map(({ node }) => node.id) ?? []);
check("the two pages have four keys", new Set(ids).size, 4);

step("Be denied fields of Billing");
const { data, error } = await client.query(operations.CALLS, {});
const denied = denials(error?.graphQLErrors);
const calls = data?.account.calls?.edges.map(({ node }) => node);
check("the rest of the answer is there", calls?.map(({ status }) => status), ["COMPLETED", "COMPLETED"]);
check("what is denied is null", [data?.account.balance, ...(calls?.map(({ price }) => price) ?? [])], [null, null, null]);
check("each such null is explained, by its path", [...denied.keys()], [
  "account.balance",
  "account.calls.edges.0.node.price",
  "account.calls.edges.1.node.price",
]);
check("with the permission that is lacking", denied.get("account.balance")?.permission, "BILLING_HISTORY_AND_SETTINGS");
const cached = await client.query(operations.CALLS, {});
check("also when the cache answers", [wire, denials(cached.error?.graphQLErrors)], [["200 Calls"], denied]);

const follow = () => {
  const logs = inbox<OperationResult<operations.Logged>>();
  const subscription = client.subscription(operations.LOGS, {}).subscribe((log) => logs.put(log));
  return { next: logs.next, stop: () => subscription.unsubscribe() };
};

step("The owner signs in, and makes the developer one of support");
const owner = new Session(url);
const asOwner = createClient(owner);
await owner.signIn("owner@example.com", password);
const found = await asOwner.query(operations.USER, { email: "developer@example.com" });
const userId = found.data?.account.users.edges[0]?.node.id ?? "";
const setRoles = async (...roles: string[]) => {
  const { error } = await asOwner.mutation(operations.SET_USER_ROLES, { userId, roles });
  if (error) throw error;
};
await setRoles("SUPPORT");
try {
  step("Refresh once, for two requests that are answered with 401");
  const [viewer, keys] = await Promise.all([
    client.query(operations.VIEWER, {}, anew),
    client.query(operations.API_KEYS, { first: 2 }, { ...aboutKeys, ...anew }),
  ]);
  check("each was sent again after the one refresh", [...wire].sort(), [
    "200 ApiKeys",
    "200 RefreshSession",
    "200 Viewer",
    "401 ApiKeys",
    "401 Viewer",
  ]);
  check("the new token holds the new roles", viewer.data?.viewer.roles, ["SUPPORT"]);
  check("the list is denied", keys.data?.account.apiKeys, null);
  check("and that is explained too", denials(keys.error?.graphQLErrors).get("account.apiKeys")?.permission, "API_CREDENTIALS");

  step("Follow the logs by Server-Sent Events");
  const logs = follow();
  const log = await logs.next();
  check("what is logged comes by itself", log.data?.productLogs?.__typename, "Call");
  check("its price is denied to one of support", [log.data?.productLogs?.price, [...denials(log.error?.graphQLErrors).keys()]], [
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
const keys = async () => (await client.query(operations.API_KEYS, { first: 2 }, aboutKeys)).data?.account.apiKeys?.edges;
const made = await client.mutation(operations.CREATE_API_KEY, { name: "urql example" });
check("its secret is shown, this once", made.data?.createApiKey.secret.length, 32);
const key = made.data?.createApiKey.apiKeyEdge.node;
check("the list is asked for again, and begins with it", (await keys())?.[0]?.node.id, key?.id);
await client.mutation(operations.DELETE_API_KEY, { id: key?.id ?? "" }, aboutKeys);
check("and again, without it", (await keys())?.map(({ node }) => node.id).includes(key?.id ?? ""), false);

step("Be denied a mutation");
const refused = await client.mutation(operations.SET_USER_ROLES, { userId, roles: ["ADMINISTRATOR"] });
check("its error says why", refused.error?.graphQLErrors[0]?.extensions.coordinate, "Mutation.setUserRoles");
check("and nothing of it was done", [wire, refused.data], [["403 SetUserRoles"], undefined]);

step("Sign out");
const logs = follow();
await logs.next();
await session.signOut();
let last = await logs.next();
while (!last.error?.networkError) last = await logs.next(); // what had come before
check("which ends what is followed, for good", last.error.networkError instanceof SignedOut, true);
const guest = await createClient(session).query(operations.VIEWER, {});
check("the next request is a guest's", guest.error?.graphQLErrors[0]?.extensions.code, "UNAUTHENTICATED");
await owner.signOut();
