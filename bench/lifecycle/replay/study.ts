import { createPool } from '../../../compute/pool.ts';
import { phasesOf, wordsOf, type PolicyResult, type StudyResult } from '../policies.ts';
import { publish } from '../publish.ts';
import { openSet, type PastSet } from '../sets.ts';
import type { StudyOptions } from '../study.ts';
import { liveThrough } from './live.ts';
import { modelsOf } from './models.ts';
import { readPast } from './past.ts';
import { againstCalendars, summaryTable } from './summary.ts';
import { windowsOf } from './windows.ts';

export interface ReplayOptions extends StudyOptions {
  /** Other names draw other hold-outs, and so other first models: runs of each policy. */
  names: number;
  threads: number;
  /** A folder that keeps what was trained for the next run. */
  models?: string;
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
      const set = openSet(name, options.data);
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
  await publish(results, `${summaryTable(results)}\n\n${againstCalendars(results)}`, options);
}

async function replayAs(
  name: string,
  set: PastSet,
  { policy, chunks, models }: ReplayOptions,
  pool: ReturnType<typeof createPool>,
): Promise<PolicyResult[]> {
  const trains = set.define(name, { kind: 'schedule', weeks: 1 });
  const past = await readPast(set, trains);
  const modelAt = modelsOf(past, trains, pool, models);
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
