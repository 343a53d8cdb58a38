// GraphQL over Server-Sent Events, by graphql-sse's client in its distinct connections mode, which is the one that the gateway offers.
import assert from "node:assert/strict";
import { createClient } from "graphql-sse";
import { fetchAs, signIn, url } from "./gateway.mjs";
import { run } from "./suite.mjs";

const token = await signIn("owner");
const client = (bearer = token) => createClient({ url, retryAttempts: 0, headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });

/** All results of an operation. */
async function all(request, as = client()) {
  const results = [];
  for await (const result of as.iterate(request)) results.push(result);
  return results;
}

const code = (result) => result.errors?.[0].extensions.code;

/** The text of a stream, as it is sent. */
async function raw(method, query, headers) {
  const body = JSON.stringify({ query });
  const address = method === "GET" ? `${url}?${new URLSearchParams({ query })}` : url;
  return fetchAs(token)(address, {
    method, headers: { "content-type": "application/json", accept: "text/event-stream", ...headers }, body: method === "GET" ? undefined : body,
  });
}

const checks = {
  async "a query has one result"() {
    const [only, ...more] = await all({ query: "{ viewer { roles } }" });
    assert.deepEqual(only, { data: { viewer: { roles: ["OWNER"] } } });
    assert.equal(more.length, 0);
  },
  async "variables and the operation's name are taken"() {
    const query = "query A { a: viewer { sid } } query B($name: String!) { b: __type(name: $name) { name } }";
    assert.deepEqual(await all({ query, operationName: "B", variables: { name: "Query" } }), [{ data: { b: { name: "Query" } } }]);
  },
  async "a mutation has one result"() {
    const query = `mutation { createApiKey(input: {friendlyName: "by a stream"}) { secret apiKey { friendlyName } } }`;
    const [{ data }] = await all({ query });
    assert.equal(data.createApiKey.apiKey.friendlyName, "by a stream");
    assert.ok(data.createApiKey.secret);
  },
  async "what is denied stands beside the data"() {
    const [{ data, errors }] = await all({ query: "{ account { friendlyName balance { amount } } }" }, client(await signIn("support")));
    assert.equal(data.account.balance, null);
    assert.ok(data.account.friendlyName);
    assert.equal(errors[0].extensions.coordinate, "Account.balance");
  },
  async "a refused operation is a result, and not a fault of the network"() {
    for (const [query, want] of [
      ["{", "GRAPHQL_PARSE_FAILED"],
      ["{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
      ["query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"],
      [`mutation { createApiKey(input: {friendlyName: "x"}) { secret } }`, "UNAUTHENTICATED"],
    ]) {
      const results = await all({ query }, client(""));
      assert.equal(results.length, 1);
      assert.ok(!("data" in results[0]), query);
      assert.equal(code(results[0]), want);
    }
  },
  async "a bad token is refused by a status"() {
    await assert.rejects(all({ query: "{ viewer { sid } }" }, client("no token")), (error) => error.response.status === 401);
  },
  async "a request without a query is refused by a status"() {
    await assert.rejects(all({}), (error) => error.response.status === 400);
  },
  async "many at once do not mix"() {
    const names = Array.from({ length: 20 }, (_, i) => `field${i}`);
    const answers = await Promise.all(names.map((name) => all({ query: `{ ${name}: __typename }` })));
    assert.deepEqual(answers, names.map((name) => [{ data: { [name]: "Query" } }]));
  },
  async "the events are next and complete, each with a line of data"() {
    const response = await raw("POST", "{ __typename }");
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^text\/event-stream/);
    assert.match(response.headers.get("cache-control"), /no-store/);
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(await response.text(), `event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n`);
  },
  async "a query can be streamed by GET"() {
    const response = await raw("GET", "{ __typename }");
    assert.equal(response.status, 200);
    assert.match(await response.text(), /^event: next\ndata: /);
  },
  async "nothing else can be streamed by GET"() {
    assert.equal((await raw("GET", "mutation { signOut { endedSessionId } }")).status, 405);
  },
  async "who likes JSON better gets no stream"() {
    // What urql sends with a query.
    const accept = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed";
    const response = await raw("POST", "{ __typename }", { accept });
    assert.match(response.headers.get("content-type"), /^application\/graphql-response\+json/);
    assert.deepEqual(await response.json(), { data: { __typename: "Query" } });
  },
  async "single connection mode is not offered"() {
    const single = createClient({ url, singleConnection: true, retryAttempts: 0, headers: { authorization: `Bearer ${token}` } });
    await assert.rejects(all({ query: "{ __typename }" }, single), (error) => error.response.status === 405);
    single.dispose();
  },
};

const { data } = await (await fetchAs(token)(url, {
  method: "POST", headers: { "content-type": "application/json" },
  body: JSON.stringify({ query: "{ __schema { subscriptionType { fields { name } } } }" }),
})).json();
if (data.__schema.subscriptionType) {
  const logs = "subscription { productLogs { __typename } }";
  Object.assign(checks, {
    async "a subscription has a result for each event"() {
      const results = client().iterate({ query: logs });
      for (let n = 0; n < 2; n++) {
        const { value } = await results.next(); // the demo makes events by itself
        assert.ok(value.data.productLogs.__typename);
      }
      await results.return();
    },
    async "a guest's subscription is a result that says why"() {
      assert.deepEqual((await all({ query: logs }, client(""))).map(code), ["UNAUTHENTICATED"]);
    },
    async "a subscription ends with its session, and says so"() {
      const mine = await signIn("support");
      const results = client(mine).iterate({ query: logs });
      await results.next();
      const over = fetchAs(mine)(url, {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "mutation { signOut { endedSessionId } }" }),
      });
      let last;
      for await (const result of results) last = result;
      assert.equal((await over).status, 200);
      assert.equal(code(last), "UNAUTHENTICATED");
    },
    async "a subscription is not answered as JSON, nor by GET"() {
      assert.equal((await raw("POST", logs, { accept: "application/json" })).status, 400);
      assert.equal((await raw("GET", logs)).status, 405);
    },
  });
}

await run("graphql-sse", checks);
