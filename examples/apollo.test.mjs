// What apollo/src/client.ts promises of whose an operation is, in whatever order answers come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "./apollo/dist/client.js";
import * as operations from "./apollo/dist/operations.js";
import { Session, SignedOut } from "./apollo/dist/session.js";
import { pending, request, signIn, signOut } from "./wire.mjs";

/** Makes a key, and returns why not. */
const create = (client) =>
  client.mutate({ mutation: operations.CREATE_API_KEY, variables: { friendlyName: "mine" } }).catch((error) => error);

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
  (await request("RefreshSession")).tokens(2);
  (await request("SignIn")).tokens(3);
  const again = await request("CreateApiKey");
  assert.equal(again.token, "Bearer access2");
  again.fail(401, "UNAUTHENTICATED"); // as the first one's session has ended
  assert.equal((await creation).statusCode, 401);
  assert.deepEqual([session.caller.accessToken, await pending()], ["access3", []]);
});
