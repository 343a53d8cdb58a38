// What urql/src/client.ts promises of whose an operation is, in whatever order answers come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "./urql/dist/client.js";
import * as operations from "./urql/dist/operations.js";
import { Session, SignedOut } from "./urql/dist/session.js";
import { pending, request, signIn, signOut } from "./wire.mjs";

/** Makes a key, and returns why not. */
const create = async (client) => {
  const { error } = await client.mutation(operations.CREATE_API_KEY, { friendlyName: "mine" });
  return error?.networkError ?? error;
};

test("what is refused after its user has signed out is not sent again as the next one", async () => {
  const session = new Session("http://gateway/graphql");
  const client = createClient(session);
  await signIn(session, "someone@example.com", 1);
  const creation = create(client);
  const late = await request("CreateApiKey");
  assert.equal(late.token, "Bearer access1");
  await signOut(session);
  await signIn(session, "other@example.com", 2);
  late.fail(401, "UNAUTHENTICATED");
  assert.ok((await creation) instanceof SignedOut);
  assert.deepEqual([session.caller.accessToken, await pending()], ["access2", []]);
});

test("nor is it when the next one signs in just as the refresh ends", async () => {
  const session = new Session("http://gateway/graphql");
  const client = createClient(session);
  await signIn(session, "someone@example.com", 1);
  const refresh = session.refresh.bind(session);
  session.refresh = async (...refused) => {
    await refresh(...refused);
    await session.signIn("other@example.com", "secret"); // before the client goes on
  };
  const creation = create(client);
  (await request("CreateApiKey")).fail(401, "UNAUTHENTICATED");
  const refreshed = await request("RefreshSession");
  const heldBack = client.query(operations.VIEWER, {}).toPromise();
  assert.deepEqual(await pending(), []);
  refreshed.tokens(2);
  (await request("SignIn")).tokens(3);
  for (const name of ["CreateApiKey", "Viewer"]) {
    const sent = await request(name);
    assert.equal(sent.token, "Bearer access2");
    sent.fail(401, "UNAUTHENTICATED"); // as the first one's session has ended
  }
  assert.ok(await creation);
  assert.ok((await heldBack).error);
  assert.deepEqual([session.caller.accessToken, await pending()], ["access3", []]);
});
