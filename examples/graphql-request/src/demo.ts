// What makes an example a demonstration and a test; nothing to copy from.
import assert from "node:assert/strict";

/** Where the gateway answers. */
export const url = process.env.FIELDGATE_URL ?? "http://127.0.0.1:8080/graphql";

/** The one password of the demo users. */
export const password = process.env.FIELDGATE_DEMO_PASSWORD ?? "";
if (!password) {
  console.error("FIELDGATE_DEMO_PASSWORD is not set: `go run .` prints the password when it starts.");
  process.exit(1);
}

/** Each request so far: its HTTP status and the operation's name. */
export const wire: string[] = [];

const real = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const answer = await real(input, init);
  const sent: { query?: string; operationName?: string } = JSON.parse(String(init?.body));
  const line = `${answer.status} ${/(?:query|mutation|subscription) (\w+)/.exec(sent.query ?? "")?.[1] ?? sent.operationName}`;
  wire.push(line);
  console.log(`    ${line}`);
  return answer;
};

/** Says what comes next, and forgets what went over the wire. */
export function step(title: string): void {
  wire.length = 0;
  console.log(`\n${title}`);
}

/** Keeps what comes in by itself until the story gets to it. */
export function inbox<T>() {
  const kept: T[] = [];
  let arrived = () => {};
  return {
    put(item: T): void {
      kept.push(item);
      arrived();
    },

    /** The next one; waits for it. */
    async next(): Promise<T> {
      while (kept.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return kept.shift()!;
    },
  };
}

let checks = 0;

/** Says what is checked, and ends the example with both values unless they are the same. */
export function check<T>(what: string, got: T, want: T): void {
  try {
    assert.deepEqual(got, want);
  } catch (error) {
    console.log(`  ✗ ${what}`);
    throw error;
  }
  checks++;
  console.log(`  ✓ ${what}`);
}

process.on("exit", (code) => {
  if (code === 0) console.log(`\n${checks} checks passed`);
});
