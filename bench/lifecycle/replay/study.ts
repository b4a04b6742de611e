import { writeFileSync } from 'node:fs';
import { createPool } from '../../../compute/pool.ts';
import { drawStudy } from '../picture.ts';
import { phasesOf, wordsOf, type Policy, type PolicyResult, type StudyResult } from '../policies.ts';
import { SETS, type PastSet } from '../sets.ts';
import { liveThrough } from './live.ts';
import { modelsOf } from './models.ts';
import { readPast } from './past.ts';
import { summaryTable } from './summary.ts';
import { windowsOf } from './windows.ts';

export interface ReplayOptions {
  data: string;
  set: string[];
  policy: Policy[];
  json?: string;
  picture?: string;
  chunks?: number;
  /** Other names draw other hold-outs, and so other first models: runs of each policy. */
  names: number;
  threads: number;
}

/**
 * What `studyLifecycles` does, in this process: no Temporal, no Postgres, no pictures, each model trained once for all
 * policies. A calendar is run at each of its phases, for which of them it has is chance.
 */
export async function replayLifecycles(options: ReplayOptions): Promise<void> {
  const results: StudyResult[] = [];
  const pool = createPool({ threads: options.threads });
  try {
    for (const name of options.set) {
      const make = SETS[name];
      if (!make) throw new Error(`--set is ${name}; expected ${Object.keys(SETS).join(', ')}`);
      const set = make(options.data);
      const policies: PolicyResult[] = [];
      for (let n = 1; n <= options.names; n++) {
        policies.push(...(await replayAs(n === 1 ? name : `${name}-${n}`, set, options, pool)));
      }
      const { title, quality, better } = set;
      results.push({ set: name, title, quality, better, policies });
    }
  } finally {
    await pool.close();
  }
  console.log(`\n${summaryTable(results)}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
  if (options.picture) writeFileSync(options.picture, await drawStudy(results));
}

async function replayAs(
  name: string,
  set: PastSet,
  { policy, chunks }: ReplayOptions,
  pool: ReturnType<typeof createPool>,
): Promise<PolicyResult[]> {
  const trains = set.define(name, { kind: 'schedule', weeks: 1 });
  const past = await readPast(set, trains);
  const modelAt = modelsOf(past, trains, pool);
  const observe = windowsOf(past, name);
  const results: PolicyResult[] = [];
  for (const one of policy.flatMap(phasesOf)) {
    const began = process.cpuUsage();
    const result = await liveThrough({
      ...{ past, policy: one, modelAt, observe, chunks },
      definition: set.define(name, one),
    });
    const { user, system } = process.cpuUsage(began);
    const seconds = Math.round((user + system) / 1e6);
    results.push({ ...result, name, seconds });
    const { mean, retrainings, promotions } = result;
    console.error(
      `${name}, ${wordsOf(one)}: ${mean.toFixed(4)}, ${retrainings} retrainings, ${promotions} promoted, ${seconds} s of CPU`,
    );
  }
  return results;
}
