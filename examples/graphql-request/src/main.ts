// A developer of the demo account at work with typed operations, while the owner changes their roles.
import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { ClientError } from "graphql-request";
import type { ExecutionResult } from "graphql-sse";
import { createClient, send } from "./client.js";
import { check, inbox, password, step, url, wire } from "./demo.js";
import { denials } from "./denials.js";
import type { LogsSubscription } from "./generated/graphql.js";
import { API_KEYS, CREATE_API_KEY, DELETE_API_KEY, LOGS, VIEWER } from "./operations.js";
import { Session, SignedOut } from "./session.js";
import { follow } from "./stream.js";

step("Sign in");
const session = new Session(url);
const client = createClient(session);
await session.signIn("developer@example.com", password);
const me = await send(client, VIEWER, {});
check("the session is the developer's", me.data.viewer?.email, "developer@example.com");

step("Query a list, page by page");
const first = await send(client, API_KEYS, { first: 2 });
const after = first.data.account?.apiKeys?.pageInfo.endCursor;
const second = await send(client, API_KEYS, { first: 2, after });
const keys = [first, second].flatMap(({ data }) => data.account?.apiKeys?.edges.map(({ node }) => node.id) ?? []);
check("the two pages have four keys", new Set(keys).size, 4);

step("Be denied before anything is sent");
const schema = buildSchema(readFileSync("schema.graphql", "utf8"));
const faults = validate(schema, parse("query Balance { account { balance { amount } } }"));
check("the schema of the role has no balance to ask for", faults[0]?.message, 'Cannot query field "balance" on type "Account".');
check("nothing was sent", wire, []);

const followLogs = (query = LOGS.toString()) => {
  const logs = inbox<Partial<ExecutionResult<LogsSubscription, Record<string, unknown>>> & { ended?: unknown }>();
  const stop = follow<LogsSubscription>(session, session.caller, { query }, {
    next: (log) => logs.put(log),
    error: (reason) => logs.put({ ended: reason }),
    complete: () => logs.put({ ended: undefined }),
  });
  return { next: logs.next, stop };
};

step("The owner signs in, and makes the developer one of support");
const owner = new Session(url);
const asOwner = createClient(owner); // its operations are not in the developer's schema, so they have no types
await owner.signIn("owner@example.com", password);
const found = await asOwner.request(
  `query User($email: String!) { account { users(first: 1, email: $email) { edges { node { id } } } } }`,
  { email: "developer@example.com" },
);
const userId: string = found.account.users.edges[0].node.id;
const SET_USER_ROLES = `mutation SetUserRoles($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { roles } } }`;
const setRoles = (...roles: string[]) => asOwner.request(SET_USER_ROLES, { input: { userId, roles } });
await setRoles("SUPPORT");
try {
  step("Refresh once, for two requests that are answered with 401");
  const [viewer, keys] = await Promise.all([send(client, VIEWER, {}), send(client, API_KEYS, { first: 2 })]);
  check("each was sent again after the one refresh", [...wire].sort(), [
    "200 ApiKeys",
    "200 RefreshSession",
    "200 Viewer",
    "401 ApiKeys",
    "401 Viewer",
  ]);
  check("the new token holds the new roles", viewer.data.viewer?.roles, ["SUPPORT"]);
  check("the list is now denied", keys.data.account?.apiKeys, null);
  check("which is explained, by its path", denials(keys.errors).get("account.apiKeys")?.permission, "API_CREDENTIALS");

  step("Follow the logs by Server-Sent Events");
  const logs = followLogs();
  check("what is logged comes by itself", (await logs.next()).data?.productLogs?.__typename, "Call");
  const prices = followLogs("subscription Prices { productLogs(kinds: [CALL]) { __typename ... on Call { price { amount } } } }");
  const price = denials((await prices.next()).errors).get("productLogs.price");
  check("its price, for which there is no type, is denied", price?.permission, "BILLING_HISTORY_AND_SETTINGS");
  prices.stop();
  await setRoles("DEVELOPER");
  while (!wire.includes("200 RefreshSession")) await logs.next(); // what had come before
  check("when the roles change it goes on with a new token", (await logs.next()).data?.productLogs?.__typename, "Call");
  logs.stop();
} finally {
  await setRoles("DEVELOPER");
}

step("Make an API key, and delete it");
const made = await send(client, CREATE_API_KEY, { input: { friendlyName: "graphql-request example" } });
check("its secret is shown, this once", made.data.createApiKey?.secret?.length, 32);
const id = made.data.createApiKey?.apiKey?.id ?? "";
check("the list begins with it", (await send(client, API_KEYS, { first: 2 })).data.account?.apiKeys?.edges[0]?.node.id, id);
const deleted = await send(client, DELETE_API_KEY, { id });
check("and it is gone", deleted.data.deleteApiKey?.deletedApiKeyId, id);

step("Be denied a mutation");
const refused = await client.request(SET_USER_ROLES, { input: { userId, roles: ["ADMINISTRATOR"] } }).catch((error) => error);
check("it throws", refused instanceof ClientError, true);
check("and says why", refused.response.errors[0].extensions.coordinate, "Mutation.setUserRoles");
check("and nothing of it was done", wire, ["403 SetUserRoles"]);

step("Sign out");
const logs = followLogs();
await logs.next();
await session.signOut();
let last = await logs.next();
while (!("ended" in last)) last = await logs.next(); // what had come before
check("which ends what is followed, for good", last.ended instanceof SignedOut, true);
const guest = await send(client, VIEWER, {});
check("the next request is a guest's", guest.errors[0]?.extensions.code, "UNAUTHENTICATED");
await owner.signOut();
