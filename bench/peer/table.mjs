// Prints the table of docs/performance.md from what the comparison wrote: node table.mjs results.json [peer to compare with]
// CPU per request, and in brackets the median over the repetitions of its ratio to that peer in the same repetition.
import { readFileSync } from 'node:fs';

const { runs } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const base = process.argv[3] ?? 'gqlgen-textbook';
const workloads = ['W1', 'W2', 'W3', 'W4'];
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const cpu = (run) => run.cpu + (run.cpuHelpers || 0);
const shown = (us) => (us < 995 ? `${us.toFixed(0)} µs` : `${(us / 1000).toFixed(1)} ms`);

console.log(`| server | ${workloads.join(' | ')} | resident |`);
console.log(`|---|${'--:|'.repeat(workloads.length + 1)}`);
for (const [name, of] of Object.entries(runs)) {
  const cells = workloads.map((w) => {
    if (!of[w]) return '';
    const ratios = (runs[base]?.[w] ?? []).flatMap((run, i) => (of[w][i] ? [cpu(of[w][i]) / cpu(run)] : []));
    return shown(median(of[w].map(cpu))) + (ratios.length ? ` (× ${median(ratios).toPrecision(2)})` : '');
  });
  const resident = Math.max(...Object.values(of).flat().map((run) => run.rss));
  console.log(`| ${name} | ${cells.join(' | ')} | ${resident.toFixed(0)} MiB |`);
}
