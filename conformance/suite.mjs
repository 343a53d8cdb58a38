// A suite is a list of named checks. Each runs by itself, and the last line says how many hold.

/** A check that takes longer than this does not hold: nothing here waits for anything slow. */
const patience = 20_000;

/**
 * Runs the checks one after the other and prints "<name>: <held> of <all>". What does not hold is said, and the
 * process then exits with 1.
 * @param {Record<string, () => Promise<void>>} checks what is to hold; a check that throws does not
 */
export async function run(name, checks) {
  let held = 0;
  for (const [what, check] of Object.entries(checks)) {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("it takes too long")), patience)));
    try {
      await Promise.race([check(), late]);
      held++;
    } catch (error) {
      console.error(`${name}: ${what}: ${error.stack ?? error}`);
    } finally {
      clearTimeout(timer);
    }
  }
  report(name, held, Object.keys(checks).length);
}

/** Prints how many of a suite hold, and ends the process. */
export function report(name, held, all) {
  console.log(`${name}: ${held} of ${all}`);
  process.exit(held === all && all > 0 ? 0 : 1);
}
