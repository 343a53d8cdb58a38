// What session.ts promises, in whatever order answers come. The examples share the file; Apollo's is taken, once built.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Refused, Session, SignedOut } from "./apollo/dist/session.js";
import { pending, request, signIn, signOut, waiting } from "./wire.mjs";

let session;
const send = (name) => session.fetch(session.url, { method: "POST", body: JSON.stringify({ query: `query ${name} { a }` }) });

beforeEach(async () => {
  session = new Session("http://gateway/graphql");
  await signIn(session, "someone@example.com", 1);
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
  assert.equal(session.caller, undefined);
  assert.deepEqual(await pending(), []);
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
  await signOut(session);
  late.tokens(2);
  await one;
  assert.deepEqual([session.caller, await pending()], [undefined, []]);
});

test("a request that is refused after its user has signed out is not sent again as the next one", async () => {
  const one = assert.rejects(send("One"), SignedOut);
  await signOut(session);
  await signIn(session, "other@example.com", 2);
  await refuse("One");
  await one;
  assert.deepEqual([session.caller.accessToken, await pending()], ["access2", []]);
});

test("nor is it when the next one signs in during its refresh", async () => {
  const one = assert.rejects(send("One"), SignedOut);
  await refuse("One");
  const late = await refresh();
  await signOut(session);
  await signIn(session, "other@example.com", 2);
  late.tokens(3);
  await one;
  assert.deepEqual([session.caller.accessToken, await pending()], ["access2", []]);
});

test("the next one does not wait for that refresh, nor is signed out by it", async () => {
  const one = assert.rejects(send("One"), SignedOut);
  await refuse("One");
  const late = await refresh();
  await signIn(session, "other@example.com", 2);
  const two = send("Two");
  (await request("Two")).fail(401, "UNAUTHENTICATED");
  const own = await request("RefreshSession");
  assert.deepEqual(own.input, { refreshToken: "refresh2" });
  own.tokens(3);
  (await request("Two")).succeed();
  assert.equal((await two).status, 200);
  late.fail(200, "UNAUTHENTICATED");
  await one;
  assert.equal(session.caller.accessToken, "access3");
});

test("a sign-out that takes long leaves the next one signed in", async () => {
  const signedOut = session.signOut();
  const slow = await request("SignOut");
  await signIn(session, "other@example.com", 2);
  slow.succeed();
  await signedOut;
  assert.equal(session.caller.accessToken, "access2");
});

test("a sign-out with a token that is refused is by a new one, whoever has signed in since", async () => {
  const signedOut = session.signOut();
  const slow = await request("SignOut");
  await signIn(session, "other@example.com", 2);
  slow.fail(401, "UNAUTHENTICATED");
  (await refresh()).tokens(3);
  const again = await request("SignOut");
  assert.equal(again.token, "Bearer access3");
  again.succeed();
  await signedOut;
  assert.equal(session.caller.accessToken, "access2");
});

test("a sign-out from a session that has ended is one", async () => {
  const signedOut = session.signOut();
  await refuse("SignOut");
  (await refresh()).fail(200, "UNAUTHENTICATED");
  await signedOut;
  assert.deepEqual([session.caller, await pending()], [undefined, []]);
});

test("a sign-out that the gateway could not do says so", async () => {
  const signedOut = assert.rejects(session.signOut(), Refused);
  await refuse("SignOut");
  (await refresh()).fail(503, "SERVICE_UNAVAILABLE");
  await signedOut;
  assert.equal(session.caller, undefined);
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
