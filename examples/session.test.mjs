// What session.ts promises, in whatever order answers come. The examples share the file; Apollo's is taken, once built.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, test } from "node:test";
import { Refused, Session, SignedOut } from "./apollo/dist/session.js";

let waiting; // requests that have no answer yet
globalThis.fetch = (_, { body, headers }) =>
  new Promise((resolve) => {
    const { query, variables } = JSON.parse(body);
    waiting.push({
      name: /(?:query|mutation) (\w+)/.exec(query)[1],
      input: variables?.input,
      token: new Headers(headers).get("Authorization"),
      tokens: (n) => resolve(Response.json({ data: { tokens: { accessToken: `access${n}`, refreshToken: `refresh${n}` } } })),
      succeed: () => resolve(Response.json({ data: {} })),
      fail: (status, code) => resolve(Response.json({ errors: [{ message: code, extensions: { code } }] }, { status })),
    });
  });

/** Lets all that can happen without an answer happen, and returns the names of the requests that wait for one. */
async function pending() {
  for (let i = 0; i < 10; i++) await turn();
  return waiting.map(({ name }) => name);
}

/** Takes the request of this name, which must be waiting. */
async function request(name) {
  await pending();
  const [found] = waiting.splice(waiting.findIndex((one) => one.name === name) >>> 0, 1);
  assert.ok(found, `${name} is not sent`);
  return found;
}

let session;
const send = (name) => session.fetch(session.url, { method: "POST", body: JSON.stringify({ query: `query ${name} { a }` }) });

beforeEach(async () => {
  waiting = [];
  session = new Session("http://gateway/graphql");
  const signedIn = session.signIn("someone@example.com", "secret");
  const signIn = await request("SignIn");
  assert.deepEqual(signIn.input, { email: "someone@example.com", password: "secret" });
  signIn.tokens(1);
  await signedIn;
});

/** Refuses a request, which must have the first access token. */
async function refuse(name) {
  const refused = await request(name);
  assert.equal(refused.token, "Bearer access1");
  refused.fail(401, "UNAUTHENTICATED");
}

/** Takes the refresh, which must be by the first refresh token, and without an access token: that is refused. */
async function refresh() {
  const sent = await request("RefreshSession");
  assert.deepEqual([sent.input, sent.token], [{ refreshToken: "refresh1" }, null]);
  return sent;
}

test("requests that are refused together share one refresh", async () => {
  const both = [send("One"), send("Two")];
  await refuse("One");
  await refuse("Two");
  const only = await refresh();
  assert.deepEqual(await pending(), []);
  only.tokens(2);
  for (const name of ["One", "Two"]) {
    const again = await request(name);
    assert.equal(again.token, "Bearer access2");
    again.succeed();
  }
  assert.deepEqual((await Promise.all(both)).map(({ status }) => status), [200, 200]);
});

test("a request that is refused late is sent again without another refresh", async () => {
  const both = [send("One"), send("Two")];
  await refuse("One");
  (await refresh()).tokens(2);
  await refuse("Two");
  assert.deepEqual(await pending(), ["One", "Two"]);
  assert.deepEqual(waiting.map(({ token }) => token), ["Bearer access2", "Bearer access2"]);
  waiting.forEach(({ succeed }) => succeed());
  await Promise.all(both);
});

test("a second 401 is the caller's", async () => {
  const one = send("One");
  await refuse("One");
  (await refresh()).tokens(2);
  (await request("One")).fail(401, "UNAUTHENTICATED");
  assert.equal((await one).status, 401);
  assert.deepEqual(await pending(), []);
});

test("a refresh that is refused signs out", async () => {
  const one = assert.rejects(send("One"), SignedOut);
  await refuse("One");
  (await refresh()).fail(200, "UNAUTHENTICATED");
  await one;
  assert.equal(session.accessToken, undefined);
  await assert.rejects(session.refresh("access1"), SignedOut);
});

test("a refresh that fails for a while can be tried again", async () => {
  const one = assert.rejects(send("One"), (error) => error instanceof Refused && error.code === "SERVICE_UNAVAILABLE");
  await refuse("One");
  (await refresh()).fail(503, "SERVICE_UNAVAILABLE");
  await one;
  const two = send("Two");
  await refuse("Two");
  (await refresh()).tokens(2);
  (await request("Two")).succeed();
  assert.equal((await two).status, 200);
});

test("a refresh does not sign in who has signed out meanwhile", async () => {
  const one = assert.rejects(send("One"), SignedOut);
  await refuse("One");
  const late = await refresh();
  const signedOut = session.signOut();
  (await request("SignOut")).succeed();
  await signedOut;
  late.tokens(2);
  await one;
  assert.deepEqual([session.accessToken, await pending()], [undefined, []]);
});

test("a guest's 401 is not refreshed", async () => {
  session = new Session("http://gateway/graphql");
  const one = send("One");
  const refused = await request("One");
  assert.equal(refused.token, null);
  refused.fail(401, "UNAUTHENTICATED");
  assert.equal((await one).status, 401);
  assert.deepEqual(await pending(), []);
});
