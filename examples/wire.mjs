// A gateway that answers when a test tells it to, in place of fetch. For the tests beside this file.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach } from "node:test";

export let waiting; // requests that have no answer yet
globalThis.fetch = (_, { body, headers }) =>
  new Promise((resolve) => {
    const { query, variables } = JSON.parse(body);
    waiting.push({
      name: /(?:query|mutation|subscription) (\w+)/.exec(query)[1],
      input: variables?.input,
      token: new Headers(headers).get("Authorization"),
      tokens: (n) => resolve(Response.json({ data: { tokens: { accessToken: `access${n}`, refreshToken: `refresh${n}` } } })),
      events: (...answers) =>
        resolve(
          new Response(answers.map((one) => `event: next\ndata: ${JSON.stringify(one)}\n\n`).join("") + "event: complete\ndata:\n\n", {
            headers: { "Content-Type": "text/event-stream" },
          }),
        ),
      succeed: () => resolve(Response.json({ data: {} })),
      fail: (status, code) => resolve(Response.json({ errors: [{ message: code, extensions: { code } }] }, { status })),
    });
  });

/** Lets all that can happen without an answer happen, and returns the names of the requests that wait for one. */
export async function pending() {
  for (let i = 0; i < 10; i++) await turn();
  return waiting.map(({ name }) => name);
}

/** Takes the request of this name, which must be waiting. */
export async function request(name) {
  await pending();
  const [found] = waiting.splice(waiting.findIndex((one) => one.name === name) >>> 0, 1);
  assert.ok(found, `${name} is not sent`);
  return found;
}

/** Signs somebody in, with access and refresh tokens of this number. */
export async function signIn(session, email, n) {
  const signedIn = session.signIn(email, "secret");
  const sent = await request("SignIn");
  assert.deepEqual([sent.input, sent.token], [{ email, password: "secret" }, null]);
  sent.tokens(n);
  await signedIn;
}

/** Signs out. */
export async function signOut(session) {
  const signedOut = session.signOut();
  (await request("SignOut")).succeed();
  await signedOut;
}

beforeEach(() => (waiting = []));
