import { readEnvironment } from '../../config/environment.ts';
import { PerennialError } from '../../config/errors.ts';
import { ensureStack, partsOf, stopStack } from '../../embedded/stack.ts';
import { readStack, type StackInfo } from '../../embedded/stackFile.ts';
import { connect } from '../client.ts';
import { showStack } from '../terminal/showStack.ts';
import { table } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';

/** `npx perennial up` */
export async function up(options: { json?: boolean }): Promise<void> {
  const environment = readEnvironment();
  const terminal = openTerminal(options);
  const display = showStack(terminal);
  const before = readStack(environment.home)?.ready === true;
  const info = await ensureStack(environment, display.onEvent).finally(() => display.stop());
  terminal.print(before ? 'The stack is up already.' : 'The stack is up; `npx perennial down` stops it.');
  if (info.uiUrl) terminal.print(`  Web UI    ${info.uiUrl}`);
  if (info.gatewayUrl) terminal.print(`  Gateway   ${info.gatewayUrl}/docs`);
  terminal.print(`  Temporal  ${info.temporalAddress}, namespace ${info.namespace}`);
  terminal.print(`  state     ${info.home}`);
  terminal.object(described(info));
}

/** `npx perennial down` */
export async function down(): Promise<void> {
  const { home } = readEnvironment();
  const stopped = await stopStack(home);
  openTerminal().print(
    stopped
      ? 'Everything is stopped; `npx perennial up` goes on where it was.'
      : `Nothing was up in ${home}.`,
  );
}

/** `npx perennial status`; exit code 1 where nothing is up. */
export async function status(options: { json?: boolean }): Promise<number> {
  const environment = readEnvironment();
  const terminal = openTerminal(options);
  const stack = readStack(environment.home);
  if (!stack && !(environment.temporalAddress && environment.databaseUrl)) {
    terminal.print(`Nothing is up in ${environment.home}; \`npx perennial up\` starts it.`);
    terminal.object({ up: false, home: environment.home });
    return 1;
  }
  const parts = stack ? partsOf(stack) : [];
  const { green, red, dim } = terminal.colors;
  for (const { name, pid, running } of parts) {
    terminal.print(
      `  ${running ? green('✔') : red('✘')} ${name.padEnd(14)} ${dim(running ? `process ${pid}` : 'is being started again')}`,
    );
  }
  if (stack?.ready === false) throw new PerennialError('STACK_UNAVAILABLE', 'The stack is starting.');
  const client = await connect();
  try {
    const found = await client.status();
    const { temporal, workers, running, gateways, rollouts, delayedEvents } = found;
    terminal.print(
      table([
        [
          dim('temporal'),
          `${temporal.address} (server ${temporal.server}${temporal.embedded ? ', embedded' : ''})`,
        ],
        ...(temporal.uiUrl ? [[dim('web ui'), temporal.uiUrl]] : []),
        [dim('postgres'), found.database.embedded ? 'embedded' : 'DATABASE_URL'],
        [dim('workers'), `${workers.orchestrators} orchestrator, ${workers.trainers} trainer`],
        [dim('gateway'), gateways.length === 0 ? 'none' : gateways.map(({ url }) => url).join(', ')],
        [dim('namespace'), found.namespace],
        [dim('home'), found.home],
        [
          dim('under way'),
          [
            ...running.map((run) => `training ${run.name}/${run.number}`),
            ...rollouts.map((rollout) => `rollout ${rollout.name}/${rollout.number}`),
          ].join(', ') || 'nothing',
        ],
        ...delayedEvents.map(({ name, id, attempts, failure, nextAt }) => [
          red('event'),
          `${id} for ${name} could not be told (${attempts} attempts, next at ${nextAt}): ${failure}`,
        ]),
      ]),
    );
    terminal.object({ up: true, ...found, parts });
    return 0;
  } finally {
    await client.close();
  }
}

/** The database's address has the password, so it stays in the file that only its owner reads. */
function described(info: StackInfo): object {
  const { home, namespace, temporalAddress, uiUrl, gatewayUrl, startedAt } = info;
  return {
    up: true,
    home,
    namespace,
    temporalAddress,
    uiUrl: uiUrl ?? null,
    gatewayUrl: gatewayUrl ?? null,
    startedAt,
    parts: partsOf(info),
  };
}
