import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { connect, type PerennialClient } from '../../client/client.ts';
import { readEnvironment } from '../../config/environment.ts';
import { startStack } from '../../embedded/supervisor.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { firstCsv } from './firstCsv.ts';
import { wordsOf, type Policy, type PolicyResult, type StudyResult } from './policies.ts';
import { atRest, replayPast, type Chunk } from '../../client/replayPast.ts';
import { publish } from './publish.ts';
import { openSet, type PastSet } from './sets.ts';

export interface StudyOptions {
  data: string;
  set: string[];
  policy: Policy[];
  json?: string;
  picture?: string;
  /** Chunks of the replay at the most. */
  chunks?: number;
}

/**
 * The same past under several policies: a model that was fitted on the first fifth serves the rest, with labels a day late;
 * never retrained, by the calendar, or when its watch says so. Real lifecycles on a stack of their own.
 */
export async function studyLifecycles(options: StudyOptions): Promise<void> {
  const results: StudyResult[] = [];
  for (const name of options.set) {
    const set = openSet(name, options.data);
    const policies: PolicyResult[] = [];
    for (const policy of options.policy) {
      policies.push(await inWorld((world) => live(world, name, set, policy, options.chunks)));
    }
    const { title, quality, better } = set;
    results.push({ set: name, title, quality, better, policies });
  }
  await publish(results, studyTable(results), options);
}

/**
 * A stack for each policy, so that each lifecycle has the same name: the hold-out is drawn by it, and all of them begin with
 * the same model.
 */
async function inWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-study-'));
  const environment = { ...readEnvironment(), home, temporalAddress: undefined, databaseUrl: undefined };
  const stack = await startStack({
    environment,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  const { temporalAddress, databaseUrl, namespace } = stack.info;
  const store = await openStore(databaseUrl, namespace);
  const connection = await Connection.connect({ address: temporalAddress });
  const temporal = new Client({ connection, namespace });
  const client = await connect({ environment: { ...environment, temporalAddress, databaseUrl } });
  try {
    return await use({ client, store, temporal, home });
  } finally {
    await client.close();
    await connection.close();
    await store.close();
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

interface World {
  client: PerennialClient;
  store: Store;
  temporal: Client;
  home: string;
}

async function live(
  { client, store, temporal, home }: World,
  name: string,
  set: PastSet,
  policy: Policy,
  most = Infinity,
): Promise<PolicyResult> {
  const { kind, weeks } = policy;
  const began = performance.now();
  const fifth = Math.floor(set.rows.length / 5);
  writeFileSync(join(home, 'first.csv'), firstCsv(set, fifth));
  await client.lifecycles.deploy(set.define(name, policy), {
    actor: 'study',
    reason: 'the first fifth',
    baseDirectory: home,
  });
  const { champion } = await atRest(temporal, name);
  if (champion === undefined) throw new Error(`${name} has no champion after its first training.`);
  const start = set.rows[fifth].at;
  const chunks = await replayPast({
    store,
    temporal,
    name,
    rows: set.rows.slice(fifth).filter(({ at }) => at < start + most * set.chunkMs),
    chunkMs: set.chunkMs,
    labelDelayMs: set.labelDelayMs,
    watched: kind === 'watch',
    scheduleEvery: kind === 'schedule' ? weeks : undefined,
    onChunk: (chunk) => console.error(line(`${name}, ${wordsOf(policy)}:`, chunk)),
  });
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const inState = (state: string) => chunks.filter(({ watched }) => watched?.verdict.state === state).length;
  return {
    ...policy,
    chunks: chunks.map(({ from, rows: n, version, quality }) => ({
      from: new Date(from).toISOString(),
      rows: n,
      version,
      quality,
    })),
    mean: chunks.reduce((sum, chunk) => sum + chunk.quality * chunk.rows, 0) / rows,
    retrainings: (await store.runs.list(name, 1_000)).length - 1,
    promotions: (await store.routes.history(name, 1_000)).filter(
      (state, i, all) => i < all.length - 1 && state.championVersion !== all[i + 1].championVersion,
    ).length,
    shifted: inState('shifted'),
    faults: inState('fault'),
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

function line(of: string, { from, version, quality, watched, lifecycle }: Chunk): string {
  const said = watched ? `${watched.verdict.state}, quality ${watched.verdict.quality}` : '';
  const fault = watched?.verdict.faults[0]?.message ?? '';
  return `${of} ${new Date(from).toISOString().slice(0, 10)} @${version} ${quality.toFixed(4)} ${said} ${fault} ${lifecycle?.waiting?.reason ?? ''}`;
}

/** As Markdown, for docs/drift.md. */
export function studyTable(results: readonly StudyResult[]): string {
  const lines = ['| set | retrained | quality | retrainings | promoted |', '|---|---|---|---|---|'];
  for (const { title, quality, policies } of results) {
    for (const result of policies) {
      const { mean, retrainings, promotions } = result;
      lines.push(
        `| ${title} | ${wordsOf(result)} | ${quality} ${mean.toFixed(4)} | ${retrainings} | ${promotions} |`,
      );
    }
  }
  return lines.join('\n');
}
