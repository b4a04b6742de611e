import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { table } from '../../client/terminal/table.ts';
import { makeBed } from '../serve/gateways.ts';
import { registerForest, trainForest } from '../serve/model.ts';
import { asker } from './ask.ts';
import { measureChanges } from './changes.ts';
import { loggedIds, measureKill, type Kill } from './kills.ts';

export interface GatewayBenchOptions {
  changes: number;
  kills: number;
  json?: string;
}

/** Measures what docs/gateway.md states of times: how soon a route's change is served, what a killed gateway loses. */
export async function benchGateway({ changes, kills, json }: GatewayBenchOptions): Promise<void> {
  const bed = await makeBed();
  try {
    const forests = [await trainForest(1), await trainForest(2)];
    for (const name of [READY, COLD, 'killed'])
      for (const forest of forests) await registerForest(bed.store, name, forest);
    const gateway = await bed.startGateway(2, 1);
    const measured = new Map<string, number[]>();
    for (const name of [READY, COLD]) {
      console.error(`${changes} changes, ${name}`);
      const ask = asker(gateway.url, name);
      measured.set(name, await measureChanges(bed.store, ask, { name, changes, ready: name === READY }));
    }
    const killed: Kill[] = [];
    for (let round = 1; round <= kills; round++) {
      killed.push(await measureKill(bed, 'killed', round));
      const { answered, lost, windowMs } = killed[round - 1];
      console.error(
        `kill ${round}: ${lost.length} of ${answered} answers lost, the last ${windowMs.toFixed(0)} ms`,
      );
    }
    const late = await loggedIds(bed, 'killed');
    const found = killed.flatMap(({ lost }) => lost).filter((id) => late.has(id));
    if (found.length > 0) throw new Error(`${found.length} predictions were there late and not lost`);
    measured.set(
      'lost by a SIGKILL',
      killed.map(({ windowMs }) => windowMs),
    );
    const head = ['ms', 'n', 'median', 'p99', 'max'];
    const lines = [...measured].map(([what, times]) => [what, String(times.length), ...figures(times)]);
    console.log(`\n${table([head, ...lines], { right: [1, 2, 3, 4] })}\n`);
    console.log(`  ${cpus().length} x ${cpus()[0].model}, Node ${process.version}; all share them`);
    if (json)
      writeFileSync(json, `${JSON.stringify({ ...Object.fromEntries(measured), killed }, undefined, 2)}\n`);
  } finally {
    await bed.close();
  }
}

/** Models are named after what is done with them. */
const READY = 'loaded-before';
const COLD = 'loaded-first';

function figures(times: readonly number[]): string[] {
  if (times.length === 0) return ['', '', ''];
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  return [at(0.5), at(0.99), at(1)];
}
