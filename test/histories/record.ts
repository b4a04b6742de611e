import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baselineForest, csv, forest, logistic, rows, tree, type LifecycleInput } from '../../config/define.ts';
import type { TrainingHandle } from '../../client/trainingHandle.ts';
import type { CanaryInput } from '../../decisions/canary/policy.ts';
import { ids } from '../../workflows/messages.ts';
import { freshHome, install, type Installation } from '../crash/installation.ts';
import { smallCsv } from '../workflows/data.ts';
import { LONG_SEARCH, small } from '../workflows/definitions.ts';
import {
  answersOf,
  QUICK,
  serve,
  startRollout,
  twoVersions,
  type Behaviour,
  type StartedRollout,
} from '../workflows/rollouts.ts';
import { historyToText } from './file.ts';
import { NOTICE_KEY, recordLifecycles } from './recordLifecycles.ts';
import { recordRunning } from './recordRunning.ts';

/**
 * Records how this version's workflows run, for later versions to replay: `npm run record-histories`, once before a
 * release. Histories of earlier versions stay: runs that they began may still be open. `-- families`, `-- stops`,
 * `-- halvings`, `-- rollouts`, `-- lifecycles` and `-- running` add those to what is there.
 */
const PARTS = {
  families: recordFamilies,
  stops: recordStops,
  halvings: recordHalvings,
  rollouts: recordRollouts,
  lifecycles: recordLives,
  running: () => recordRunning(installation, write, save),
};
const only = process.argv[2] as keyof typeof PARTS | undefined;
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const folder = fileURLToPath(new URL(`./${version}/`, import.meta.url));
if (!only) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

process.env[NOTICE_KEY.name] = NOTICE_KEY.value;
const home = freshHome({ threads: 1 });
const installation = await install(home.environment);
try {
  if (!only) await recordTrainings();
  for (const [part, recordPart] of Object.entries(PARTS)) if (!only || only === part) await recordPart();
} finally {
  await installation.stop();
  home.remove();
}

async function recordTrainings(): Promise<void> {
  const large = csv(write('large.csv', smallCsv({ rows: 2_500 })));
  await record('registered', {
    sources: { parcels: large },
    search: [tree({ maxDepth: [2, 3] }), logistic(), baselineForest()],
  });
  await record('checks-failed', { checks: [rows({ min: 5_000 })] });
  await record('gate-refused', { search: [tree({ maxDepth: 2 })], select: { folds: 2, atLeast: 0.9999 } });
  await record('failed', { sources: { parcels: large }, search: [baselineForest()] });
  await record('cancelled', LONG_SEARCH, async (training) => {
    while ((await pendingCandidates(installation, training)) < 2) await pause();
    await training.setParallelism(3);
    while ((await pendingCandidates(installation, training)) < 3) await pause();
    await training.cancel();
  });
}

/** Candidates that are trained together, beside some that are not. */
async function recordFamilies(): Promise<void> {
  await record('together', { search: [tree({ maxDepth: [2, 3] }), forest({ trees: [3, 6], maxDepth: [2, 3] })] });
}

/** Hopeless candidates that end before their last fold. */
async function recordStops(): Promise<void> {
  await record('stopped-early', {
    search: [logistic(), tree({ maxDepth: [1, 2], minLeaf: [1, 120] })],
    select: { metric: 'accuracy', folds: 5, stopEarly: { window: 2 } },
  });
}

/** Successive halving: one that comes to its top rung, one that is cancelled on its way. */
async function recordHalvings(): Promise<void> {
  const large = csv(write('large.csv', smallCsv({ rows: 2_500 })));
  await record('halved', {
    sources: { parcels: large },
    search: [tree({ maxDepth: [1, 2, 3, 4, 5, 6] }), logistic({ l2: [0.1, 1, 10] })],
    halving: { resource: 'rows', minimum: 200, window: 3 },
  });
  const halving = { resource: 'rounds' as const, minimum: 300 };
  await record('halving-cancelled', { ...LONG_SEARCH, halving }, async (training) => {
    while ((await pendingCandidates(installation, training)) < 2) await pause();
    await training.cancel();
  });
}

function recordLives(): Promise<void> {
  return recordLifecycles(installation, write, save);
}

async function recordRollouts(): Promise<void> {
  const policy: CanaryInput = { steps: [10, 50], probationMs: 1_000, approve: true };
  const guards = { ...QUICK.guards, accuracy: { minPairs: 50, margin: 0.25 } };
  await recordRollout('promoted', { policy: { ...policy, guards } }, async ({ order, until }) => {
    await order('pause');
    await order('resume');
    await until('awaiting-approval');
    await order('approve');
  });
  const errors = { 2: 0.9 };
  await recordRollout('rolled-back', { behaviour: { errors } });
  const absent = { name: 'absent', activity: 'judge', taskQueue: 'nobody', timeoutMs: 1_000 };
  const asked = { guards: { errors: false as const, latency: false as const, custom: [absent] } };
  await recordRollout('inconclusive', { policy: { ...asked, maxDurationMs: 3_000 } });
  await recordRollout('cancelled', {}, ({ handle }) => handle.cancel().then(() => undefined));
  await recordRollout('rolled-back-by-hand', { policy }, async ({ order }) => {
    await order('promote');
    await order('rollback');
  });
}

async function recordRollout(
  name: string,
  { policy, behaviour }: { policy?: CanaryInput; behaviour?: Behaviour },
  meanwhile?: (rollout: StartedRollout) => Promise<unknown>,
): Promise<void> {
  const { store } = installation;
  await twoVersions(store, name);
  const truth = await answersOf(store, name, 2);
  const rollout = await startRollout(installation, name, policy);
  const traffic = serve(store, name, { keys: 100, truth: truth.label, ...behaviour });
  await rollout.until('serving');
  await meanwhile?.(rollout);
  await rollout.handle.result();
  await traffic.stop();
  await truth.close();
  await save(`${name}.rollout`, rollout.id);
}

async function record(
  name: string,
  more: Partial<LifecycleInput>,
  meanwhile?: (training: TrainingHandle) => Promise<void>,
): Promise<void> {
  const training = await installation.client.train(small({ write }, { name, ...more }));
  await meanwhile?.(training);
  await training.result().catch(() => undefined);
  await save(`${name}.training`, training.workflowId);
  await save(`${name}.${more.halving ? 'halving' : 'search'}`, ids.search(name, training.run));
  const { run } = training;
  await save(`${name}.family`, ids.family(name, training.run, 2));
  await save(
    `${name}.candidate`,
    more.halving ? ids.trial(name, run, 0, 0) : ids.candidate(name, run, 0),
  );
}

/** Nothing where the run did not get so far. */
async function save(as: string, workflowId: string): Promise<void> {
  const handle = installation.temporal.workflow.getHandle(workflowId);
  const exists = await handle.describe().then(
    () => true,
    () => false,
  );
  if (!exists) return;
  writeFileSync(join(folder, `${as}.json`), historyToText(await handle.fetchHistory()));
  process.stdout.write(`${version}/${as}.json\n`);
}

async function pendingCandidates({ temporal }: Installation, { name, run }: TrainingHandle): Promise<number> {
  const search = temporal.workflow.getHandle(ids.search(name, run));
  return search.describe().then(
    ({ raw }) => raw.pendingChildren?.length ?? 0,
    () => 0,
  );
}

function write(file: string, text: string): string {
  const path = join(home.environment.home, file);
  writeFileSync(path, text);
  return path;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
