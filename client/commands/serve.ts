import { once } from 'node:events';
import { readEnvironment } from '../../config/environment.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { openStore } from '../../store/open.ts';
import { curlExample } from '../curlExample.ts';
import { serveGateway } from '../serveGateway.ts';
import { duration } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { untilInterrupted, withClient } from './session.ts';

/** `npx perennial serve`: a gateway in the foreground, until Ctrl-C. */
export async function serve(options: {
  host?: string;
  port: number;
  processes?: number;
  json?: boolean;
}): Promise<void> {
  const terminal = openTerminal(options);
  const found = readEnvironment();
  const { host, processes } = found.gateway;
  const environment = {
    ...found,
    gateway: {
      host: options.host ?? host,
      port: options.port,
      processes: options.processes ?? processes,
    },
  };
  // From the beginning: a Ctrl-C while it starts must end it in order too.
  await untilInterrupted(async (signal) => {
    const gateway = await serveGateway(environment, ({ message }) => terminal.note(`gateway ${message}`));
    try {
      const databaseUrl = environment.databaseUrl ?? readStack(environment.home)?.databaseUrl ?? '';
      const store = await openStore(databaseUrl, environment.namespace);
      const curl = await curlExample(store, gateway.url).finally(() => store.close());
      gatewayText(terminal, gateway.url, curl);
      terminal.note(
        terminal.noteColors.dim(`Ctrl-C ends it when it has answered; ${gateway.log} says what it does.`),
      );
      terminal.object({ url: gateway.url, docs: `${gateway.url}/docs`, curl });
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await gateway.stop();
    }
  });
}

/** Where to look and what to ask. */
export function gatewayText(terminal: Terminal, url: string, curl: string): void {
  const { bold, dim, cyan } = terminal.colors;
  terminal.print(`${bold('The gateway')} answers at ${cyan(url)}; try it at ${cyan(`${url}/docs`)}`);
  terminal.print(dim(`  ${curl}`));
}

/** `npx perennial gateways` */
export async function gateways(options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const all = await client.gateways();
    const { dim, green, red } = terminal.colors;
    const head = ['', 'address', 'process', 'up for', 'serves', 'not logged'].map((cell) => dim(cell));
    const rows = all.map((row) => [
      row.alive ? green('✔') : red('✘'),
      row.url,
      String(row.pid),
      row.alive ? duration(Date.now() - Date.parse(row.startedAt)) : 'gone',
      row.loaded.join(', '),
      String(row.dropped),
    ]);
    terminal.print(
      all.length === 0
        ? 'No gateways: `npx perennial up` starts one, `npx perennial serve` another.'
        : table([head, ...rows], { right: [5] }),
    );
    for (const { url, failed } of all)
      for (const { model, reason } of failed)
        terminal.print(`  ${red('✘')} ${url} cannot load ${model}: ${reason}`);
    terminal.object({ gateways: all });
  });
}
