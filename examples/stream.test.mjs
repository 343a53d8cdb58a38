// What stream.ts promises of whose a subscription is, in whatever order answers come. Two examples share the file; urql's is
// taken, once built.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Session, SignedOut } from "./urql/dist/session.js";
import { follow } from "./urql/dist/stream.js";
import { pending, request, signIn, signOut } from "./wire.mjs";

const stale = { errors: [{ message: "The access token is out of date.", extensions: { code: "UNAUTHENTICATED" } }] };
const log = { data: { productLogs: null } };
let session, seen, stop;

beforeEach(async () => {
  session = new Session("http://gateway/graphql");
  await signIn(session, "someone@example.com", 1);
  seen = [];
  stop = follow(session, session.caller, { query: "subscription Logs { productLogs { __typename } }" }, {
    next: (result) => seen.push(result),
    error: (error) => seen.push(error),
    complete: () => seen.push("complete"),
  });
});

test("a stream that ends with its token goes on with another", async () => {
  const first = await request("Logs");
  assert.equal(first.token, "Bearer access1");
  first.events(log, stale);
  (await request("RefreshSession")).tokens(2);
  const second = await request("Logs");
  assert.equal(second.token, "Bearer access2");
  second.events(log);
  await pending();
  assert.deepEqual(seen, [log, log, "complete"]);
});

test("a stream that ends after its user has signed out is not begun again as the next one", async () => {
  const late = await request("Logs");
  await signOut(session);
  await signIn(session, "other@example.com", 2);
  late.events(stale);
  await pending();
  assert.ok(seen.length === 1 && seen[0] instanceof SignedOut);
  assert.deepEqual([session.caller.accessToken, await pending()], ["access2", []]);
});

test("a stream that was stopped is not begun again", async () => {
  const late = await request("Logs");
  stop();
  late.events(stale);
  assert.deepEqual([await pending(), seen], [[], ["complete"]]);
});

test("nor is one that is stopped while its token is refreshed", async () => {
  (await request("Logs")).events(stale);
  const refresh = await request("RefreshSession");
  stop();
  refresh.tokens(2);
  assert.deepEqual([await pending(), seen], [[], ["complete"]]);
});

test("a guest's stream is not begun again", async () => {
  stop();
  await request("Logs");
  follow(session, undefined, { query: "subscription Mine { productLogs { __typename } }" }, {
    next: (result) => seen.push(result),
    error: (error) => seen.push(error),
    complete: () => seen.push("the end"),
  });
  const only = await request("Mine");
  assert.equal(only.token, null);
  only.events(stale);
  await pending();
  assert.deepEqual(seen.slice(-2), [stale, "the end"]);
});
