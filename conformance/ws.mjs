// GraphQL over WebSocket (graphql-transport-ws), by graphql-ws' client.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { fetchAs, signIn, url } from "./gateway.mjs";
import { run } from "./suite.mjs";

const address = url.replace("http", "ws");
const token = await signIn("owner");

/** A client, with what it noted: how its connections were closed, and how often they were open. */
function client(connectionParams, options = {}) {
  const noted = { closed: [], connected: 0, pongs: [] };
  const made = createClient({
    url: address,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams,
    ...options,
    on: {
      closed: (event) => noted.closed.push(event.code),
      connected: () => noted.connected++,
      pong: (received, payload) => received && noted.pongs.push(payload),
      ...options.on,
    },
  });
  return Object.assign(made, { noted });
}

const as = (bearer) => ({ authorization: `Bearer ${bearer}` });

/** All results of an operation. */
async function all(of, request) {
  const results = [];
  for await (const result of of.iterate(request)) results.push(result);
  return results;
}

/** A mutation of the holder of a token, by POST. */
async function post(bearer, query) {
  const response = await fetchAs(bearer)(url, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }),
  });
  return response.json();
}

/** Waits until something holds. */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const logs = { query: "subscription { productLogs { __typename } }" };

const checks = {
  async "a query has one result"() {
    const c = client(as(token));
    assert.deepEqual(await all(c, { query: "{ viewer { roles } }" }), [{ data: { viewer: { roles: ["OWNER"] } } }]);
    await c.dispose();
    await until(() => c.noted.closed.length > 0);
    assert.deepEqual(c.noted.closed, [1000]);
  },
  async "variables and the operation's name are taken"() {
    const query = "query A { a: viewer { sid } } query B($name: String!) { b: __type(name: $name) { name } }";
    const c = client(as(token));
    assert.deepEqual(await all(c, { query, operationName: "B", variables: { name: "Query" } }), [{ data: { b: { name: "Query" } } }]);
    await c.dispose();
  },
  async "a mutation has one result"() {
    const c = client(as(token));
    const query = `mutation { createApiKey(input: {friendlyName: "by a socket"}) { secret apiKey { friendlyName } } }`;
    const [{ data }] = await all(c, { query });
    assert.equal(data.createApiKey.apiKey.friendlyName, "by a socket");
    assert.ok(data.createApiKey.secret);
    await c.dispose();
  },
  async "what is denied stands beside the data"() {
    const c = client(as(await signIn("support")));
    const [{ data, errors }] = await all(c, { query: "{ account { friendlyName balance { amount } } }" });
    assert.equal(data.account.balance, null);
    assert.ok(data.account.friendlyName);
    assert.equal(errors[0].extensions.coordinate, "Account.balance");
    await c.dispose();
  },
  async "a refused operation is an error, and the socket stays"() {
    const c = client(undefined, { lazy: false });
    for (const [query, want] of [
      ["{", "GRAPHQL_PARSE_FAILED"],
      ["{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
      [`mutation { createApiKey(input: {friendlyName: "x"}) { secret } }`, "UNAUTHENTICATED"],
      ["subscription { productLogs { __typename } }", "UNAUTHENTICATED"],
    ]) {
      await assert.rejects(all(c, { query }), (errors) => errors[0].extensions.code === want, query);
    }
    assert.equal(c.noted.connected, 1);
    await c.dispose();
  },
  async "a subscription has events, until the client stops it"() {
    const c = client(as(token), { lazy: false });
    let events = 0;
    for await (const { data, errors } of c.iterate(logs)) {
      assert.equal(errors, undefined);
      assert.ok(["Call", "Message", "Alert"].includes(data.productLogs.__typename));
      if (++events === 2) break;
    }
    assert.deepEqual(await all(c, { query: "{ __typename }" }), [{ data: { __typename: "Query" } }]);
    assert.equal(c.noted.connected, 1);
    await c.dispose();
  },
  async "several operations at once"() {
    const c = client(as(token));
    const results = await Promise.all(Array.from({ length: 40 }, () => all(c, { query: "{ viewer { email } }" })));
    for (const [{ data }] of results) assert.equal(data.viewer.email, "owner@example.com");
    assert.equal(c.noted.connected, 1);
    await c.dispose();
  },
  async "pings are answered"() {
    const c = client(as(token), { lazy: false, keepAlive: 50 });
    await until(() => c.noted.pongs.length > 2);
    assert.deepEqual(c.noted.closed, []);
    await c.dispose();
  },
  async "a session that has ended ends the subscription, and the client does not come back"() {
    const bearer = await signIn("billing");
    const c = client(as(bearer), { retryAttempts: 5, shouldRetry: () => true });
    // The socket may be closed before the mutation is answered.
    const ended = assert.rejects(all(c, logs), (event) => event.code === 4401 && event.reason.startsWith("The session has ended"));
    await until(() => c.noted.connected === 1);
    assert.equal((await post(bearer, "mutation { signOut { endedSessionId } }")).errors, undefined);
    await ended;
    assert.deepEqual(c.noted.closed, [4401]);
    assert.equal(c.noted.connected, 1);
  },
  async "when the roles change the client comes back with a new token and goes on"() {
    const { data } = await post(token, `{ account { users(email: "developer@example.com") { edges { node { id } } } } }`);
    const id = data.account.users.edges[0].node.id;
    let bearer = await signIn("developer");
    const c = client(async () => as(bearer), {
      retryAttempts: 5,
      retryWait: async () => { bearer = await signIn("developer"); },
      shouldRetry: () => true,
    });
    const events = c.iterate(logs);
    await until(() => c.noted.connected === 1);
    const change = await post(token, `mutation { setUserRoles(input: {userId: "${id}", roles: [DEVELOPER, SUPPORT]}) { user { id } } }`);
    assert.equal(change.errors, undefined);
    await until(() => c.noted.connected === 2);
    assert.deepEqual(c.noted.closed, [4403]);
    const { value } = await events.next();
    assert.ok(value.data.productLogs.__typename);
    await events.return();
    await c.dispose();
  },
  async "a token that is none is forbidden"() {
    await assert.rejects(all(client(as("nonsense")), { query: "{ __typename }" }), (event) => event.code === 4403);
  },
  async "the old subprotocol is not spoken"() {
    const socket = new WebSocket(address, "graphql-ws");
    const status = await new Promise((resolve, reject) => {
      socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
      socket.on("error", () => {});
      socket.on("open", () => reject(new Error("it is open")));
    });
    assert.equal(status, 400);
  },
};

await run("graphql-ws", checks);
