import type { Command } from 'commander';
import { AS_OPTION, examples, JSON_OPTION, wholeNumber, type Lazy } from './parts.ts';

/** serve, gateways, route, labels, keys */
export function addServing(program: Command, lazy: Lazy): void {
  program
    .command('serve')
    .description('run a gateway in the foreground, beside that of the stack or on DATABASE_URL')
    .option('--host <address>', 'where to listen (default: PERENNIAL_GATEWAY_HOST, else 127.0.0.1)')
    .option('--port <number>', 'the port', wholeNumber, 8080)
    .option('--processes <number>', 'processes that share the port', wholeNumber)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      `${examples(
        'npx perennial serve',
        'DATABASE_URL=postgres://... npx perennial serve --host 0.0.0.0 --port 8080 --processes 4',
      )}
Beyond loopback it listens only where there is an API key: npx perennial keys create --name first --role admin
`,
    )
    .action(lazy(async () => (await import('../commands/serve.ts')).serve));
  program
    .command('gateways')
    .description('the gateways of this installation: what they have loaded, whether they are alive')
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('../commands/serve.ts')).gateways));
  addRoute(program, lazy);
  const labels = program.command('labels').description('what was true, told later: send');
  labels
    .command('send <name> <file>')
    .description('send labels from a file (CSV, Parquet, JSON): value, and key or request_id')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      `${examples('npx perennial labels send flights labels.csv')}
The file's columns: value; key, or request_id and row; observed_at where it was not just now. Sending it again changes
nothing, and another value corrects the first.
`,
    )
    .action(lazy(async () => (await import('../commands/labels.ts')).send));
  addKeys(program, lazy);
}

function addRoute(program: Command, lazy: Lazy): void {
  const route = program.command('route').description('which version serves: show, set');
  route
    .command('show <name>')
    .description('champion and challenger, now or at a moment, and every change before')
    .option('--at <time>', 'the champion at that time, ISO 8601')
    .option('--limit <number>', 'how many changes at the most', wholeNumber, 20)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'npx perennial route show flights',
        'npx perennial route show flights --at 2026-01-31T12:00:00Z',
      ),
    )
    .action(lazy(async () => (await import('../commands/routes.ts')).show));
  route
    .command('set <name>')
    .description('make a version the champion by hand, without a rollout')
    .requiredOption('--champion <version>', 'its number')
    .requiredOption('--reason <text>', 'why; stands in the audit')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples("npx perennial route set flights --champion 2 --reason 'the summer schedule'"),
    )
    .action(lazy(async () => (await import('../commands/routes.ts')).set));
}

function addKeys(program: Command, lazy: Lazy): void {
  const keys = program.command('keys').description('API keys of the gateway: create, list, revoke');
  keys
    .command('create')
    .description('make a key; its secret is told this once')
    .requiredOption('--name <name>', 'whose it is')
    .requiredOption('--role <roles>', 'predict, label, operate, admin; several with commas between them')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial keys create --name shop --role predict,label'))
    .action(lazy(async () => (await import('../commands/keys.ts')).create));
  keys
    .command('list')
    .description('every key, without its secret')
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('../commands/keys.ts')).list));
  keys
    .command('revoke <key>')
    .description('end a key, by the id that `keys list` shows')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial keys revoke 5f2c0a1b'))
    .action(lazy(async () => (await import('../commands/keys.ts')).revoke));
}
