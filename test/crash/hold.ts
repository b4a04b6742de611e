import pg from 'pg';
import type { Installation } from './installation.ts';

/** Writes to a table that wait until they are let go: whoever makes one is inside of it for certain. */
export interface Hold {
  /** How many wait in this moment. */
  waiting(): Promise<number>;
  /** Ends the sessions that wait, as Postgres does by itself within 5 s of the death of their process. */
  abandon(): Promise<void>;
  release(): Promise<void>;
}

/** @param write `INSERT ON rollout_looks`, `UPDATE OF status ON rollouts` ... */
export async function hold(
  { stack, environment }: Pick<Installation, 'stack' | 'environment'>,
  write: string,
): Promise<Hold> {
  const client = new pg.Client({ connectionString: stack.info.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  const lock = ++locks;
  await client.query(`
    SET search_path TO ${pg.escapeIdentifier(environment.namespace)};
    SELECT pg_advisory_lock(${lock});
    CREATE FUNCTION hold_${lock}() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(${lock}); RETURN NEW; END';
    CREATE TRIGGER hold_${lock} BEFORE ${write} FOR EACH ROW EXECUTE FUNCTION hold_${lock}()`);
  const waiters = `FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lock} AND NOT granted`;
  return {
    async waiting() {
      const { rows } = await client.query<{ waiting: number }>(
        `SELECT count(*)::integer AS waiting ${waiters}`,
      );
      return rows[0].waiting;
    },
    async abandon() {
      await client.query(`SELECT pg_terminate_backend(pid, 10000) ${waiters}`);
    },
    // The trigger stays: nobody else takes its lock, so it holds nothing any more.
    release: () => client.end(),
  };
}

/** Advisory locks of this program begin elsewhere. */
let locks = 77_000;
