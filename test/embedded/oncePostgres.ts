import pg from 'pg';
import { startPostgres } from '../../embedded/postgres.ts';

/** `oncePostgres.ts <directory> <port>` starts, asks who it is, stops. */
const [directory = '', port = ''] = process.argv.slice(2);
const server = await startPostgres({
  directory,
  port: Number(port),
  log: `${directory}/log`,
  durable: false,
});
const client = new pg.Client(server.databaseUrl);
await client.connect();
const { rows } = await client.query<{ current_user: string }>('SELECT current_user');
await client.end();
await server.stop();
process.stdout.write(`${rows[0]?.current_user}\n`);
