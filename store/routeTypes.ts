/** Which versions of a model serve. */
export interface RouteRow {
  name: string;
  championVersion: number;
  /** Present while a rollout is under way. */
  challengerVersion?: number;
  /** The challenger's share of the keys, 0 to 1. At 0 gateways load it and serve none with it. */
  weight: number;
  /** `rollout/<name>/<n>`, which alone may change the route while it stands here. Also the salt of the assignment. */
  rolloutId?: string;
  /** Of that rollout: 0, 1, 2 ... Counts are kept by it. */
  stage?: number;
  /** Kept loaded after a promotion, so that a rollback is one change. */
  standbyVersion?: number;
  /** Gateways log the inputs too: an accuracy guard or a watch will score them. */
  logInputs: boolean;
  /** 1, 2, 3 ... */
  revision: number;
}

export interface RouteChange extends Omit<RouteRow, 'revision'> {
  /** Compare-and-swap: the revision that the caller has seen. */
  expectedRevision: number;
  /** The rollout that acts; needed where the route belongs to one. */
  holder?: string;
  actor: string;
  reason: string;
  /** The same key again changes nothing and answers with what the first call made. */
  idempotencyKey: string;
}

/** A state of a route, from `at` until the next one's. */
export interface RouteHistoryRow extends RouteRow {
  at: string;
  actor: string;
  reason: string;
}

export interface RouteStore {
  get(name: string): Promise<RouteRow | undefined>;
  list(): Promise<RouteRow[]>;
  /**
   * One transaction: the swap, its row of history, its audit row, its notification.
   *
   * @throws PerennialError NOT_FOUND (route or version), ROUTE_CONFLICT (another revision, or held by a rollout)
   */
  change(change: RouteChange): Promise<RouteRow>;
  /** Newest first; `limit` defaults to 100. */
  history(name: string, limit?: number): Promise<RouteHistoryRow[]>;
  /** The state that held at that moment. @param time ISO 8601 */
  at(name: string, time: string): Promise<RouteHistoryRow | undefined>;
  /**
   * Calls back within milliseconds of each change, with the route's name; with undefined when the connection was
   * away for a while and anything may have changed. Connects again by itself.
   */
  watch(onChange: (name: string | undefined) => void): Promise<{ close(): Promise<void> }>;
}

/** A gateway process, as the others see it. */
export interface GatewayRow {
  /** One for each start of a process. */
  id: string;
  url: string;
  pid: number;
  startedAt: string;
  /** False once its lease of 5 s has run out. */
  alive: boolean;
  /** By model: the revision of the route that it serves by. */
  revisions: Record<string, number>;
  /** `name@version` of each model that is ready to answer. */
  loaded: string[];
  /** What it should have loaded and could not. */
  failed: { model: string; reason: string }[];
  /** Predictions that it could not log since its start. */
  dropped: number;
}

export interface GatewayStore {
  /** Renews the lease by the database's clock, and records what the gateway does. */
  renew(state: Omit<GatewayRow, 'alive'>): Promise<void>;
  /** Newest first; gone ones for a day. */
  list(): Promise<GatewayRow[]>;
  remove(id: string): Promise<void>;
}

export const ROLES = ['predict', 'label', 'operate', 'admin'] as const;
/** predict: ask. label: send labels. operate: change routes and rollouts, read metrics. admin: all, and keys. */
export type Role = (typeof ROLES)[number];

export interface ApiKeyRow {
  /** The public part of the key. */
  id: string;
  name: string;
  roles: Role[];
  createdAt: string;
  revokedAt?: string;
}

export interface ApiKeyStore {
  /** `secret` is told this once; SHA-256 of it is what is kept (256 random bits need no slow hash). With an audit row. */
  create(key: { name: string; roles: Role[]; actor: string }): Promise<ApiKeyRow & { secret: string }>;
  /** Undefined for an unknown or revoked one. */
  verify(secret: string): Promise<ApiKeyRow | undefined>;
  list(): Promise<ApiKeyRow[]>;
  /** With an audit row; repeated calls change nothing. @throws PerennialError NOT_FOUND */
  revoke(id: string, actor: string): Promise<void>;
}
