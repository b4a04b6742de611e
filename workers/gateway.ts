import cluster from 'node:cluster';
import { join } from 'node:path';
import { pino } from 'pino';
import { readEnvironment } from '../config/environment.ts';
import { openGateway } from '../serving/gateway.ts';
import { databaseUrlOf } from './database.ts';
import { keepProcesses } from './gatewayProcesses.ts';
import { codeLineage } from '../compute/lineage.ts';

/** The process that serves models. Its first argument tells two gateways of one home apart. */
const slot = process.argv[2] ?? '0';
const environment = readEnvironment();
const log = pino({ name: `gateway-${slot}`, level: environment.logLevel }, pino.destination(2));
const stopping = new Promise<string>((resolve) => {
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  process.once('disconnect', () => resolve('the supervisor is gone'));
});
const { host, port, processes } = environment.gateway;

if (processes > 1 && cluster.isPrimary) await keepProcesses({ slot, processes, log, stopping });
else await serve();

async function serve(): Promise<void> {
  const opening = openGateway({
    databaseUrl: databaseUrlOf(environment),
    namespace: environment.namespace,
    directory: join(environment.home, 'predictions'),
    host,
    port,
    version: (await codeLineage()).package,
    log,
  });
  const opened = await Promise.race([opening, stopping]);
  // Stopped in the middle of its start: nothing was promised to anybody yet.
  if (typeof opened === 'string') process.exit(0);
  process.send?.({ ready: true, url: opened.url });
  log.info({ url: opened.url }, 'ready');
  log.info({ reason: await stopping }, 'stopping');
  await opened.close();
  if (process.connected) process.disconnect();
}
