/** What the dataset's SQL may not call. A test holds this list against the engine's own list of volatile functions. */

/** Table functions that read nothing from outside of the query. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
]);

/** Names that are functions without parentheses, unless a column has them. */
export const SQL_VALUE_NAMES: ReadonlySet<string> = new Set([
  'current_catalog',
  'current_database',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'localtime',
  'localtimestamp',
  'session_user',
  'user',
]);

/** True for a scalar function whose answer is not a function of its arguments. */
export function isVolatile(name: string, argumentCount: number): boolean {
  if (name === 'age') return argumentCount < 2; // age(t) counts from today, age(a, b) does not
  return VOLATILE.has(name) || SQL_VALUE_NAMES.has(name) || /^(pg_|has_.*_privilege$)/.test(name);
}

const VOLATILE: ReadonlySet<string> = new Set([
  // clocks
  'ago',
  'current_localtime',
  'current_localtimestamp',
  'get_current_time',
  'get_current_timestamp',
  'now',
  'sleep_ms',
  'today',
  'transaction_timestamp',
  // randomness
  'gen_random_uuid',
  'random',
  'setseed',
  'uuid',
  'uuidv4',
  'uuidv7',
  // the session, its settings and its catalog
  'current_connection_id',
  'current_query',
  'current_query_id',
  'current_schemas',
  'current_setting',
  'current_transaction_id',
  'currval',
  'getenv',
  'getvariable',
  'in_search_path',
  'nextval',
  'stats',
  'txid_current',
  'version',
  'write_log',
]);
