import type { CheckResult } from '../decisions/checks.ts';
import type { ColumnProfile } from '../decisions/profile.ts';
import type { CandidateStatus } from '../decisions/search/outcome.ts';
import type { Definition, ParamValue } from '../config/definition.ts';
import type { LifecycleStore, WatchStore } from './lifecycleTypes.ts';
import type { LabelStore, PredictionStore } from './predictionTypes.ts';
import type { RolloutStore } from './rolloutTypes.ts';
import type { ApiKeyStore, GatewayStore, RouteStore } from './routeTypes.ts';

/** Rows as the store gives them. Every time is an ISO 8601 string in UTC; every digest is 64 hex digits. */

export interface ArtifactInfo {
  digest: string;
  bytes: number;
  mediaType: string;
  /** What it is for: `dataset`, `features`, `encoders`, `model`, `picture`, `report` ... */
  kind: string;
}

export interface TransferOptions {
  /** Called after each chunk of 1 MiB. */
  onChunk?: () => void;
  /** Ends the transfer at once, with the signal's reason; nothing is left behind. */
  signal?: AbortSignal;
}

export interface PutOptions extends TransferOptions {
  /** The run that the artifact belongs to, and as what: recorded in the same transaction, so that a crash leaves no orphan. */
  owner?: { name: string; run: number; role: string };
}

/**
 * Content-addressed bytes, in chunks of 1 MiB in Postgres, verified on every read.
 * Putting the same bytes twice is one artifact, with the kind and media type of the first; a put is one transaction,
 * so a crash leaves nothing behind, and two processes may put the same bytes at the same time.
 */
export interface ArtifactStore {
  put(bytes: Uint8Array, kind: string, mediaType: string, options?: PutOptions): Promise<ArtifactInfo>;
  /** Streams a file of any size in bounded memory. */
  putFile(path: string, kind: string, mediaType: string, options?: PutOptions): Promise<ArtifactInfo>;
  /** @throws PerennialError NOT_FOUND, ARTIFACT_CORRUPT */
  get(digest: string): Promise<Uint8Array>;
  /** Writes to `path` through a temporary file and a rename; verified before it appears. */
  getFile(digest: string, path: string, options?: TransferOptions): Promise<ArtifactInfo>;
  info(digest: string): Promise<ArtifactInfo | undefined>;
}

export interface DatasetRow {
  digest: string;
  /** Hash of the sources' digests, the query and the engine's version: the same key gives the same dataset. */
  key: string;
  rows: number;
  bytes: number;
  columns: ColumnProfile[];
  sources: { name: string; kind: string; digest: string; bytes: number }[];
  query: string;
  createdAt: string;
}

export type RunStatus = 'running' | 'registered' | 'checks-failed' | 'gate-refused' | 'failed' | 'cancelled';

export interface RunRow {
  name: string;
  number: number;
  workflowId: string;
  /** The workflow's first execution run id: the idempotency key of everything that the run does. */
  executionId: string;
  definitionHash: string;
  status: RunStatus;
  datasetDigest?: string;
  /** Of what the sources held when it read them; absent before, and in runs from before this was kept. */
  sourcesDigest?: string;
  featuresDigest?: string;
  evaluationDigest?: string;
  modelDigest?: string;
  version?: number;
  /** Why it failed or was refused. */
  reason?: string;
  task?: string;
  metric?: string;
  startedAt: string;
  endedAt?: string;
}

export interface CandidateRow {
  index: number;
  learner: string;
  params: Record<string, ParamValue>;
  status: CandidateStatus;
  mean?: number;
  std?: number;
  /** Per fold, every metric that was computed. */
  folds?: Record<string, number>[];
  reason?: string;
  durationMs?: number;
  /** Of successive halving: on which rung its score is of, and with which share of the resource; or share of the folds. */
  rung?: number;
  share?: number;
}

/** A candidate on one rung of successive halving. */
export type TrialRow = Omit<CandidateRow, 'status'> & {
  status: Exclude<CandidateStatus, 'stopped'>;
  rung: number;
  share: number;
};

export interface Signature {
  inputs: {
    name: string;
    type: 'string' | 'double';
    columnType: 'number' | 'boolean' | 'timestamp' | 'string';
    shape: ['N', 1];
  }[];
  outputs: { name: string; type: 'float' | 'int64'; shape: (number | 'N')[] }[];
  task: 'binary' | 'multiclass' | 'regression';
  target: string;
  /** Class names by index, as JSON values of the target; absent for regression. */
  classes?: (string | number | boolean)[];
  /** Index of the positive class; binary only. */
  positive?: number;
  /** Names of the columns of the encoders' output. */
  features: string[];
}

export interface ModelVersionRow {
  name: string;
  version: number;
  /** SHA-256 of the ONNX file. */
  digest: string;
  /** This and what else a training says is absent of a version that was imported. */
  runNumber?: number;
  definitionHash?: string;
  datasetDigest?: string;
  signature: Signature;
  /** `imported` where it was trained elsewhere. */
  learner: string;
  params: Record<string, ParamValue>;
  metrics: Record<string, number>;
  /** The cross-validated metric that selected it. */
  cv?: { metric: string; mean: number; std: number };
  /** Digest of JSON { inputs: {name: values[]}, outputs: {...} } of 1,000 rows (fewer where there are fewer). */
  goldenDigest: string;
  /** Digest of the evaluation's JSON, which names its pictures' digests. */
  evaluationDigest?: string;
  /** Package version, lock file digest, Node version, CPU architecture. */
  code: Record<string, string>;
  createdAt: string;
  /** Where the file of a version came from that was trained elsewhere. */
  imported?: ImportedFrom;
}

/** What only a training says of a version. */
type OfTraining = 'runNumber' | 'definitionHash' | 'datasetDigest' | 'evaluationDigest' | 'cv';

/** A version that a run of this project trained. */
export type TrainedVersionRow = Omit<ModelVersionRow, 'imported'> &
  Required<Pick<ModelVersionRow, OfTraining>>;

/** The lineage of an imported version. */
export interface ImportedFrom {
  /** SHA-256 of the file as it was given; the version's own digest is of the graph that was made of it. */
  file: string;
  fileName: string;
  bytes: number;
  /** The program that wrote the file, as the file says. */
  producer: { name: string; version: string };
  /** Of the operators, by domain; '' is the standard one. */
  opsets: Record<string, number>;
  /** Rows of the model's own answers that it was held against, and the largest difference. */
  compared?: { rows: number; maxDifference: number };
  /** Who imported it. */
  by: string;
}

export interface AuditEvent {
  /** Who: a person, or the workflow that acted. */
  actor: string;
  /** `run.open`, `version.register`, `route.change`, `rollout.open`, `lifecycle.deploy`, `key.create` ... */
  action: string;
  /** `training/<name>/<run>`, `model/<name>/<version>`, `route/<name>`, `rollout/<name>/<n>`, `lifecycle/<name>`, `key/<id>` */
  subject: string;
  details: Record<string, unknown>;
}

export interface AuditRow extends AuditEvent {
  /** 1, 2, 3 ... without gaps. */
  id: number;
  at: string;
  /** Hash of the row before; 64 zeros for the first. */
  previous: string;
  /** SHA-256 of the canonical JSON (RFC 8785) of all the other fields. */
  hash: string;
}

export type AuditVerdict =
  | { intact: true; head: { id: number; hash: string } }
  /** `at` is the first row that is missing or not as it was written. */
  | { intact: false; at: number; reason: string };

export interface StoreStats {
  artifacts: { kind: string; count: number; bytes: number }[];
  /** `bytes` with indexes and large values, as they lie on disk. */
  tables: { name: string; rows: number; bytes: number }[];
}

export interface OrphanRow extends ArtifactInfo {
  createdAt: string;
}

export interface BackupSummary {
  path: string;
  bytes: number;
  /** ISO 8601: everything in it is as it was then. */
  createdAt: string;
  /** The last one, such as `0005_lifecycles`. */
  migration: string;
  tables: { name: string; rows: number; sha256: string }[];
}

export interface RestoreSummary {
  /** When the backup was taken. */
  createdAt: string;
  /** Of the installation that it was taken of. */
  schema: string;
  migration: string;
  tables: { name: string; rows: number }[];
  /** The data was in already, of a restore that was not finished. */
  resumed: boolean;
  /** That nobody has ended since the backup: their workflows may be nowhere. */
  underWay: {
    runs: { name: string; number: number }[];
    rollouts: { name: string; number: number }[];
    /** Lifecycles that somebody had removed. */
    removed: string[];
  };
}

/** One installation's tables. Every write that an activity may repeat is idempotent. */
export interface Store {
  artifacts: ArtifactStore;
  definitions: {
    put(definition: Definition): Promise<string>;
    /** @throws PerennialError NOT_FOUND */
    get(hash: string): Promise<Definition>;
  };
  datasets: {
    findByKey(key: string): Promise<DatasetRow | undefined>;
    get(digest: string): Promise<DatasetRow>;
    /** Idempotent on key. The artifact must be there. */
    record(row: Omit<DatasetRow, 'createdAt'>): Promise<void>;
    /** Column names and types of the first snapshot by this query of this lifecycle that passed its checks. */
    acceptedSchema(name: string, query: string): Promise<{ name: string; sqlType: string }[] | undefined>;
    /** The first call counts. */
    acceptSchema(name: string, query: string, columns: { name: string; sqlType: string }[]): Promise<void>;
  };
  runs: {
    /** Allocates the next number of this lifecycle; a number whose run never opens is a gap, not a row. */
    nextNumber(name: string): Promise<number>;
    /**
     * Opens a run, with an audit row. Idempotent on executionId.
     * @throws PerennialError RUN_IN_PROGRESS naming the other run (its workflowId in `value`)
     */
    open(run: {
      name: string;
      number: number;
      workflowId: string;
      executionId: string;
      definitionHash: string;
      actor: string;
    }): Promise<void>;
    /** Fills digests and facts of a running run as its stages end; of an ended run it changes nothing. */
    update(
      name: string,
      number: number,
      facts: Partial<
        Pick<
          RunRow,
          | 'datasetDigest'
          | 'sourcesDigest'
          | 'featuresDigest'
          | 'evaluationDigest'
          | 'modelDigest'
          | 'task'
          | 'metric'
        >
      >,
    ): Promise<void>;
    /**
     * Ends a run once, with an audit row; repeated calls change nothing. Without an `actor` the run itself is.
     * `undecided` where a person may yet want the model of this candidate.
     * @throws PerennialError NOT_FOUND
     */
    close(
      name: string,
      number: number,
      end: {
        status: Exclude<RunStatus, 'running' | 'registered'>;
        reason: string;
        actor?: string;
        undecided?: { candidate: number };
      },
    ): Promise<void>;
    get(name: string, number: number): Promise<RunRow | undefined>;
    /** What it was closed with, where its model waits for a person's yes, or got one. */
    undecided(name: string, number: number): Promise<{ candidate: number } | undefined>;
    running(name: string): Promise<RunRow | undefined>;
    /** Newest first; `limit` defaults to 100. */
    list(name?: string, limit?: number): Promise<RunRow[]>;
    /** Says that the artifact belongs to the run, as `role` (`picture/roc`). One artifact a role: the last one counts. */
    addArtifact(name: string, number: number, role: string, digest: string): Promise<void>;
    artifacts(name: string, number: number): Promise<(ArtifactInfo & { role: string })[]>;
  };
  candidates: {
    /** Idempotent on (name, run, index): the first row stays. */
    record(name: string, run: number, row: CandidateRow): Promise<void>;
    get(name: string, run: number, index: number): Promise<CandidateRow | undefined>;
    list(name: string, run: number): Promise<CandidateRow[]>;
    /** Of those whose mean is at least as good as the bound, the one with the lowest index. */
    firstWithin(
      name: string,
      run: number,
      bound: number,
      better: 'higher' | 'lower',
    ): Promise<CandidateRow | undefined>;
  };
  trials: {
    /**
     * Idempotent on (name, run, index, rung): the first row stays. `ends`: it is also the candidate's row, in the same
     * transaction.
     */
    record(name: string, run: number, row: TrialRow, how: { ends: boolean }): Promise<void>;
    get(name: string, run: number, index: number, rung: number): Promise<TrialRow | undefined>;
    /** By candidate, then by rung. */
    list(name: string, run: number): Promise<TrialRow[]>;
  };
  checks: {
    /** Idempotent on (name, run, index): the last results stay. */
    record(name: string, run: number, results: CheckResult[]): Promise<void>;
    list(name: string, run: number): Promise<CheckResult[]>;
  };
  registry: {
    /**
     * In one transaction: the version (or the one that this digest is already), the run closed as `registered`, the
     * first version made champion (a later one where `promote` says so), the audit rows. Idempotent on the run.
     * @throws PerennialError NOT_FOUND, CANCELLED or INVALID_INPUT where the run is not there or has ended otherwise
     */
    register(
      version: Omit<TrainedVersionRow, 'version' | 'createdAt'>,
      options: { promote: boolean; actor: string },
    ): Promise<{ version: number; existing: boolean; champion: boolean }>;
    /**
     * The version that a person wants of a run that ended undecided (or the one that this digest is already), with an
     * audit row. The run stays as it ended, and the route as it is. Idempotent on the digest.
     * @throws PerennialError NOT_FOUND or INVALID_INPUT where the run is not there or has not ended so
     */
    registerUndecided(
      version: Omit<TrainedVersionRow, 'version' | 'createdAt'>,
      by: { actor: string; reason: string },
    ): Promise<{ version: number; existing: boolean }>;
    /**
     * A version that was trained elsewhere (or the one that this digest is already), with an audit row; the first version
     * of its name becomes champion. The artifacts must be there. Idempotent on the digest.
     */
    import(
      version: Omit<ModelVersionRow, 'version' | 'createdAt' | OfTraining> & { imported: ImportedFrom },
    ): Promise<{ version: number; existing: boolean; champion: boolean }>;
    /** The champion where no version is named. */
    get(name: string, version?: number): Promise<(ModelVersionRow & { champion: boolean }) | undefined>;
    /** By name, newest version first. */
    list(name?: string): Promise<(ModelVersionRow & { champion: boolean })[]>;
  };
  routes: RouteStore;
  gateways: GatewayStore;
  keys: ApiKeyStore;
  predictions: PredictionStore;
  labels: LabelStore;
  rollouts: RolloutStore;
  lifecycles: LifecycleStore;
  watch: WatchStore;
  audit: {
    /** Newest first; `limit` defaults to 100. */
    list(subject?: string, limit?: number): Promise<AuditRow[]>;
    /** Computes the hash chain again. `anchor` is a head that somebody noted outside of the database. */
    verify(anchor?: { id: number; hash: string }): Promise<AuditVerdict>;
  };
  backup: {
    /**
     * Writes all of it into one new file, as it was at one moment, in bounded memory.
     * @throws PerennialError INVALID_INPUT where the file is there already or cannot be written
     */
    write(path: string): Promise<BackupSummary>;
    /**
     * Reads one into this installation, which must be empty: all or nothing. Until `finish`, the same file again finds it
     * read, and anything else finds the installation not empty.
     * @throws PerennialError INVALID_INPUT, SCHEMA_TOO_NEW
     */
    read(path: string): Promise<RestoreSummary>;
    /** What was under way has ended and lifecycles go on: the restore is over. */
    finish(): Promise<void>;
  };
  /** Rows and bytes, for `perennial status`. */
  stats(): Promise<StoreStats>;
  /** Artifacts that nothing refers to. */
  orphans(): Promise<OrphanRow[]>;
  close(): Promise<void>;
}
