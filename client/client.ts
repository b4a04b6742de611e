import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { readEnvironment, type Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { temporalConnection } from '../config/temporal.ts';
import type { Definition } from '../config/definition.ts';
import { readStack } from '../embedded/stackFile.ts';
import { openStore } from '../store/open.ts';
import type { GatewayRow } from '../store/routeTypes.ts';
import type { AuditRow, CandidateRow, ModelVersionRow, RunRow, Store } from '../store/types.ts';
import type { CheckResult } from '../decisions/checks.ts';
import { ids } from '../workflows/messages.ts';
import { backupCalls, type BackupCalls } from './backup.ts';
import { makeClosing } from './closing.ts';
import { curlExample } from './curlExample.ts';
import { explainModel, type ModelExplanation } from './explainModel.ts';
import { exportModel, type ExportedModel } from './exportModel.ts';
import type { ExportedRun } from './exportRun.ts';
import { fromFailure, isUnreachable } from './failure.ts';
import { findGateway } from './gateway.ts';
import type { ImportedModel, ImportOptions } from './importModel.ts';
import { labelCalls, type LabelCalls } from './labels.ts';
import { lifecycleCalls, type LifecycleCalls } from './lifecycles.ts';
import type { Replay } from './replay.ts';
import type { ReplayRequest } from './replayModel.ts';
import { rolloutCalls, type RolloutCalls } from './rollouts.ts';
import { routeCalls, type KeyCalls, type RouteCalls } from './routes.ts';
import { saveReport } from './saveReport.ts';
import { attachTraining, type TrainingHandle } from './trainingHandle.ts';
import { startTraining, type TrainOptions } from './startTraining.ts';
import { readStatus, type Status } from './status.ts';
import { summarize, type TrainingSummary } from './summary.ts';

export { PerennialError } from '../config/errors.ts';
export type { RestoredInstallation } from './backup.ts';
export type { Replay, ReplayCounts } from './replay.ts';
export type { ExportedRun, RunFacts } from './exportRun.ts';
export type { RolloutExplanation } from './explainRollout.ts';
export type { ImportedModel, ImportOptions } from './importModel.ts';
export type { InboxItem } from './inbox.ts';
export type { LifecycleHandle, LifecycleStanding } from './lifecycleHandle.ts';
export type { DeployedDefinition, DeployedLifecycle, DeployOptions } from './lifecycles.ts';
export type { RolloutHandle } from './rolloutHandle.ts';
export type { StartRolloutOptions } from './startRollout.ts';
export type { WatchHandle } from './watchHandle.ts';
export type { ExportedModel, Status, TrainingHandle, TrainingSummary, TrainOptions };

/**
 * How programs drive an installation; the command line is built on it.
 *
 * @example
 * const client = await connect();
 * const training = await client.train('lifecycle.ts');
 * const { outcome, version } = await training.result();
 * await client.close();
 */
export interface PerennialClient extends RouteCalls, BackupCalls {
  /**
   * Starts a training run and returns at once.
   *
   * @param definition from defineLifecycle, or the path of its file
   * @throws PerennialError INVALID_DEFINITION, INVALID_INPUT; RUN_IN_PROGRESS naming the run that is under way
   */
  train(definition: Definition | string, options?: TrainOptions): Promise<TrainingHandle>;
  /** @throws PerennialError NOT_FOUND */
  attach(name: string, run: number): Promise<TrainingHandle>;
  /** What a run came to: its model, its leaderboard, its dataset. @throws PerennialError NOT_FOUND */
  summary(name: string, run: number): Promise<TrainingSummary>;
  /** Newest first. */
  runs(name?: string, limit?: number): Promise<RunRow[]>;
  /** @throws PerennialError NOT_FOUND */
  run(name: string, run: number): Promise<RunDetails>;
  /**
   * Writes the rows that a run learned from, with its hold-out and folds, into a new folder: for trainers in other
   * languages.
   *
   * @throws PerennialError NOT_FOUND, INVALID_INPUT
   */
  exportRun(name: string, run: number, options: { out: string }): Promise<ExportedRun>;
  models(name?: string): Promise<(ModelVersionRow & { champion: boolean })[]>;
  /** @param version default: the champion. @throws PerennialError NOT_FOUND */
  model(name: string, version?: number): Promise<ModelVersionRow & { champion: boolean }>;
  /** Shapley values, importance and partial dependence. @throws PerennialError NOT_FOUND */
  explainModel(name: string, version?: number): Promise<ModelExplanation>;
  /** Writes model.onnx and all that belongs to it into a new folder. @throws PerennialError NOT_FOUND, INVALID_INPUT */
  exportModel(name: string, options: { version?: number; out: string }): Promise<ExportedModel>;
  /**
   * Registers an ONNX file that was trained elsewhere, as the next version of that name.
   *
   * @throws PerennialError INVALID_INPUT, PARITY_FAILED
   */
  importModel(path: string, options: ImportOptions): Promise<ImportedModel>;
  /** Scores a file (CSV, Parquet or JSON) into another. @throws PerennialError NOT_FOUND, INVALID_INPUT */
  predict(name: string, options: { version?: number; input: string; output: string }): Promise<Prediction>;
  /**
   * Writes a run's report page and pictures below PERENNIAL_HOME, also where the gate refused its model.
   *
   * @returns the path of report.html; undefined where the run did not get so far.
   */
  saveReport(name: string, run: number): Promise<string | undefined>;
  rollouts: RolloutCalls;
  lifecycles: LifecycleCalls;
  keys: KeyCalls;
  labels: LabelCalls;
  /**
   * Replays the hold-out rows of a version's dataset through the gateway at a steady rate, with labels some time later.
   *
   * @throws PerennialError NOT_FOUND; STACK_UNAVAILABLE where no gateway is alive
   */
  replay(name: string, options: ReplayRequest): Promise<Replay>;
  /** Gateway processes of this installation, newest first; gone ones for a day. */
  gateways(): Promise<GatewayRow[]>;
  /** Where the gateway answers: that of the stack that is up, else one that is alive. */
  gatewayUrl(): Promise<string | undefined>;
  /** A line for a shell that asks the gateway for a row of this model (of any where none is named). */
  curl(name?: string): Promise<string>;
  status(): Promise<Status>;
  /** Web UI of a workflow; unknown for a Temporal of one's own. */
  uiUrl: (workflowId: string) => string | undefined;
  close(): Promise<void>;
}

export interface RunDetails {
  run: RunRow;
  candidates: CandidateRow[];
  checks: CheckResult[];
  audit: AuditRow[];
}

export interface Prediction {
  name: string;
  version: number;
  digest: string;
  rows: number;
  output: string;
}

export interface ConnectOptions {
  /** Default: this process's environment. */
  environment?: Environment;
}

/**
 * Connects to the installation that the environment names: TEMPORAL_ADDRESS and DATABASE_URL where they are set, the
 * stack that is up in PERENNIAL_HOME otherwise.
 *
 * @throws PerennialError STACK_UNAVAILABLE where none is up or one of its parts does not answer.
 */
export async function connect(options: ConnectOptions = {}): Promise<PerennialClient> {
  const environment = options.environment ?? readEnvironment();
  const { temporalAddress, databaseUrl, uiUrl } = locate(environment);
  const { connection: connectionOptions, namespace } = temporalConnection({
    ...environment,
    temporalAddress,
  });
  const closing = makeClosing();
  const { interceptors } = closing;
  const connection = await Connection.connect({ ...connectionOptions, interceptors }).catch(
    (error: unknown) => {
      throw fromFailure(error);
    },
  );
  let store: Store;
  try {
    store = await openStore(databaseUrl, environment.namespace);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const client = new Client({ connection, namespace });
  return assemble({
    client,
    store,
    uiUrl: (workflowId) =>
      uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`,
    environment,
    namespace,
    disconnect: async () => {
      closing.begin();
      await connection.close();
    },
  });
}

/** What the operations below work with. */
export interface ClientContext {
  client: Client;
  store: Store;
  uiUrl: (workflowId: string) => string | undefined;
  environment: Environment;
  namespace: string;
  /** Calls that are under way end, also those that wait to be tried again. */
  disconnect: () => Promise<void>;
}

function assemble(context: ClientContext): PerennialClient {
  const { store, client } = context;
  return {
    train: (definition, trainOptions) => startTraining(context, definition, trainOptions),
    async attach(name, run) {
      const row = await store.runs.get(name, run);
      // The row is written by the run's first activity, the workflow is there before; and a Temporal that lost its
      // state no longer knows a run whose row was left open.
      if (row === undefined || row.status === 'running') {
        await client.workflow
          .getHandle(ids.training(name, run))
          .describe()
          .catch((error: unknown) => {
            throw isUnreachable(error) ? fromFailure(error) : noRun(name, run);
          });
      }
      return attachTraining(context, name, run);
    },
    summary: async (name, run) => summarize(store, await runRow(store, name, run), context.uiUrl),
    runs: (name, limit) => store.runs.list(name, limit),
    async run(name, number) {
      const run = await runRow(store, name, number);
      const [candidates, checks, audit] = await Promise.all([
        store.candidates.list(name, number),
        store.checks.list(name, number),
        store.audit.list(ids.training(name, number)),
      ]);
      return { run, candidates, checks, audit };
    },
    async exportRun(name, run, { out }) {
      // It brings DuckDB along.
      const { exportRun } = await import('./exportRun.ts');
      return exportRun(store, await runRow(store, name, run), out);
    },
    models: (name) => store.registry.list(name),
    model: (name, version) => modelVersion(store, name, version),
    explainModel: async (name, version) => explainModel(store, await modelVersion(store, name, version)),
    async importModel(path, given) {
      // It brings DuckDB and ONNX Runtime along.
      const { importModel } = await import('./importModel.ts');
      return importModel(store, path, given);
    },
    exportModel: async (name, { version, out }) =>
      exportModel(store, await modelVersion(store, name, version), out),
    async predict(name, { version, input, output }) {
      // ONNX Runtime and DuckDB are loaded only by those who need them: together they take half a second.
      const { predictFile } = await import('./predictFile.ts');
      const model = await modelVersion(store, name, version);
      const rows = await predictFile(await store.artifacts.get(model.digest), model.signature, {
        input,
        output,
      });
      return { name, version: model.version, digest: model.digest, rows, output };
    },
    async saveReport(name, run) {
      const directory = join(context.environment.home, 'reports', name, String(run));
      return saveReport(store, await runRow(store, name, run), directory);
    },
    ...routeCalls(store),
    ...backupCalls(context),
    lifecycles: lifecycleCalls(context),
    rollouts: rolloutCalls(context, (name, version) => modelVersion(store, name, version)),
    keys: store.keys,
    labels: labelCalls(store, (name) => modelVersion(store, name)),
    async replay(name, { version, ...how }) {
      const model = await modelVersion(store, name, version);
      // It brings DuckDB along.
      const { replayModel } = await import('./replayModel.ts');
      return replayModel(context, model, how);
    },
    gateways: () => store.gateways.list(),
    gatewayUrl: () => findGateway(context),
    curl: async (name) => curlExample(store, (await findGateway(context)) ?? 'http://127.0.0.1:8080', name),
    status: () => readStatus(context),
    uiUrl: context.uiUrl,
    async close() {
      await store.close();
      await context.disconnect();
    },
  };
}

async function runRow(store: Store, name: string, number: number): Promise<RunRow> {
  const run = await store.runs.get(name, number);
  if (!run) throw noRun(name, number);
  return run;
}

function noRun(name: string, number: number): PerennialError {
  return new PerennialError('NOT_FOUND', `There is no run ${name}/${number}.`, {
    field: 'run',
    value: `${name}/${number}`,
    expected: 'one that `npx perennial runs` lists',
  });
}

async function modelVersion(
  store: Store,
  name: string,
  version?: number,
): Promise<ModelVersionRow & { champion: boolean }> {
  const all = await store.registry.list(name);
  const found = all.find((model) => (version === undefined ? model.champion : model.version === version));
  if (found) return found;
  const wanted = version === undefined ? name : `${name}@${version}`;
  throw new PerennialError('NOT_FOUND', `There is no model ${wanted}.`, {
    field: 'model',
    value: wanted,
    expected:
      all.length > 0
        ? `a version of ${name}: ${all.map((model) => model.version).join(', ')}`
        : 'a model that `npx perennial models` lists',
  });
}

/** Addresses of the environment first, then of the stack that is up. */
function locate(environment: Environment): { temporalAddress?: string; databaseUrl: string; uiUrl?: string } {
  const stack = readStack(environment.home);
  const temporalAddress = environment.temporalAddress ?? stack?.temporalAddress;
  const databaseUrl = environment.databaseUrl ?? stack?.databaseUrl;
  if (temporalAddress && databaseUrl) {
    return {
      temporalAddress,
      databaseUrl,
      uiUrl: stack?.temporalAddress === temporalAddress ? stack.uiUrl : undefined,
    };
  }
  throw new PerennialError('STACK_UNAVAILABLE', `No stack is up in ${environment.home}.`, {
    field: 'PERENNIAL_HOME',
    value: environment.home,
    expected: '`npx perennial up` first, another PERENNIAL_HOME, or TEMPORAL_ADDRESS and DATABASE_URL',
  });
}
