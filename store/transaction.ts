import type pg from 'pg';

/**
 * Runs `body` in one transaction (READ COMMITTED unless said otherwise) and gives its result after the commit.
 * Any error rolls back. An aborted `signal` ends the connection, so that also a waiting statement stops at once.
 */
export async function transaction<T>(
  pool: pg.Pool,
  body: (client: pg.PoolClient) => Promise<T>,
  options: { signal?: AbortSignal; begin?: string } = {},
): Promise<T> {
  const { signal, begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' } = options;
  signal?.throwIfAborted();
  const client = await pool.connect();
  let usable = true;
  const hangUp = () => {
    usable = false;
    void (client as pg.ClientBase as pg.Client).end();
  };
  signal?.addEventListener('abort', hangUp, { once: true });
  try {
    signal?.throwIfAborted();
    await client.query(begin);
    const result = await body(client);
    const { command } = await client.query('COMMIT');
    // A COMMIT of a transaction in which a statement failed rolls back and reports no error.
    if (command !== 'COMMIT')
      throw new Error(`The transaction was rolled back: a failed statement in it was passed over.`);
    return result;
  } catch (error) {
    if (usable)
      usable = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', hangUp);
    client.release(!usable);
  }
}
