import { createCipheriv, createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { csv, defineLifecycle, tree } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { openStore } from '../../store/open.ts';
import type { StoreOptions } from '../../store/pool.ts';
import type { Store, TrainedVersionRow } from '../../store/types.ts';
import { freshDatabase } from '../setup/database.ts';

export const SCHEMA = 'perennial';

/** A database of its own, with one store open and a superuser's connection that looks into the same schema. */
export interface Bench {
  url: string;
  store: Store;
  /** A superuser: for what no program of ours may do. */
  admin: pg.Client;
  /** One more superuser's connection. */
  rival(): Promise<pg.Client>;
  /** Comes back when some connection to this database waits for a lock. */
  untilBlocked(): Promise<void>;
  /** Comes back when no connection but the callers' own is in a transaction. */
  untilQuiet(): Promise<void>;
  /** Ends every connection of that application name, as a restarting server does. */
  terminate(applicationName: string): Promise<void>;
  /** Another process's store, as far as the database can tell. */
  another(options?: StoreOptions): Promise<Store>;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const database = await freshDatabase();
  const stores: Store[] = [];
  const another = async (options?: StoreOptions) => {
    const store = await openStore(database.url, SCHEMA, options);
    stores.push(store);
    return store;
  };
  const store = await another();
  const clients: pg.Client[] = [];
  const rival = async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SET search_path TO ${SCHEMA}`);
    clients.push(client);
    return client;
  };
  const admin = await rival();
  return {
    url: database.url,
    store,
    admin,
    another,
    rival,
    async untilBlocked() {
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      while ((await admin.query(waiting)).rowCount === 0) await setTimeout(10);
    },
    async untilQuiet() {
      const busy = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`;
      while ((await admin.query(busy)).rowCount !== 0) await setTimeout(10);
    },
    async terminate(applicationName) {
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`,
        [applicationName],
      );
    },
    async close() {
      await Promise.all([
        ...stores.map((opened) => opened.close()),
        ...clients.map((client) => client.end()),
      ]);
      await database.drop();
    },
  };
}

export function someDefinition(name: string): Definition {
  return defineLifecycle({
    name,
    sources: { rows: csv('rows.csv') },
    target: 'label',
    search: [tree({ maxDepth: [3] })],
  });
}

export interface OpenedRun {
  name: string;
  number: number;
  executionId: string;
  definitionHash: string;
}

/** What the stages before training leave: a definition and a run under way. */
export async function startRun(store: Store, name: string): Promise<OpenedRun> {
  const definitionHash = await store.definitions.put(someDefinition(name));
  const number = await store.runs.nextNumber(name);
  const run = { name, number, executionId: randomUUID(), definitionHash };
  await store.runs.open({ ...run, workflowId: `training/${name}/${number}`, actor: 'tester' });
  return run;
}

export async function putText(store: Store, text: string, kind = 'model'): Promise<string> {
  return (await store.artifacts.put(Buffer.from(text), kind, 'text/plain')).digest;
}

/** What `register` takes at the end of a run; the model's bytes are `model`. */
export async function versionOf(store: Store, run: OpenedRun, model: string): Promise<NewVersion> {
  const [digest, evaluationDigest, goldenDigest, datasetDigest] = await Promise.all([
    putText(store, model),
    putText(store, `evaluation of ${model}`, 'evaluation'),
    putText(store, `golden rows of ${model}`, 'golden'),
    putText(store, 'rows', 'dataset'),
  ]);
  return {
    name: run.name,
    digest,
    runNumber: run.number,
    definitionHash: run.definitionHash,
    datasetDigest,
    signature: {
      inputs: [{ name: 'x', type: 'double', columnType: 'number', shape: ['N', 1] }],
      outputs: [{ name: 'probabilities', type: 'float', shape: ['N', 2] }],
      task: 'binary',
      target: 'label',
      classes: [false, true],
      positive: 1,
      features: ['x'],
    },
    learner: 'tree',
    params: { maxDepth: 3, minLeaf: null },
    metrics: { rocAuc: 0.75, logLoss: NaN },
    cv: { metric: 'rocAuc', mean: 0.7, std: 0.1 / 3 },
    goldenDigest,
    evaluationDigest,
    code: { version: '0.1.0', node: process.version, arch: process.arch },
  };
}

export type NewVersion = Omit<TrainedVersionRow, 'version' | 'createdAt'>;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes without a pattern that are the same every time. */
export function noise(length: number, seed: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

export async function count(admin: pg.Client, table: string): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
  return Number(rows[0].n);
}
