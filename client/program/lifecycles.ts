import type { Command } from 'commander';
import { AS_OPTION, examples, JSON_OPTION, wholeNumber, type Lazy } from './parts.ts';

/** deploy, lifecycle, retrain, watch, inbox, approve, reject */
export function addLifecycles(program: Command, lazy: Lazy): void {
  program
    .command('deploy <definition>')
    .description('make a definition the one that its model lives by; trains what the change makes necessary')
    .option('--dry-run', 'tell what would be done again, and do nothing')
    .option('--reason <text>', 'why; stands in the audit (default: the call)')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'npx perennial deploy lifecycle.ts --dry-run',
        "npx perennial deploy lifecycle.ts --reason 'retrain when it falls'",
      ),
    )
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).deploy));
  addLifecycle(program, lazy);
  withReason(program.command('retrain <name>'))
    .description('train now, whatever the cooldown says; waits only for what is under way')
    .addHelpText('after', examples("npx perennial retrain flights --reason 'the summer schedule'"))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).order('retrain')));
  addWatch(program, lazy);
  program
    .command('inbox')
    .description('what waits for a person: questions of lifecycles, rollouts to approve or in doubt')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial inbox'))
    .action(lazy(async () => (await import('../commands/inbox.ts')).inbox));
  withReason(program.command('approve <id>'))
    .description('say yes to what `inbox` lists')
    .addHelpText('after', answers('approve'))
    .action(lazy(async () => (await import('../commands/inbox.ts')).answer('approve')));
  withReason(program.command('reject <id>'))
    .description('say no to what `inbox` lists; a rollout is aborted')
    .addHelpText('after', answers('reject'))
    .action(lazy(async () => (await import('../commands/inbox.ts')).answer('reject')));
}

function addLifecycle(program: Command, lazy: Lazy): void {
  const lifecycle = program
    .command('lifecycle')
    .description('a model that was deployed: list, show, pause, resume, remove');
  lifecycle
    .command('list')
    .description('every lifecycle with its champion and its phase')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial lifecycle list'))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).list));
  lifecycle
    .command('show <name>')
    .description('its phase, what it waits for or asks, and what happened last')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial lifecycle show flights'))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).show));
  withReason(lifecycle.command('pause <name>'))
    .description('start nothing by itself until it is resumed; what is under way goes on')
    .addHelpText('after', examples("npx perennial lifecycle pause flights --reason 'a migration'"))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).order('pause')));
  withReason(lifecycle.command('resume <name>'))
    .description('go on after a pause')
    .addHelpText('after', examples("npx perennial lifecycle resume flights --reason 'it is done'"))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).order('resume')));
  withReason(lifecycle.command('remove <name>'))
    .description('end it, with its schedule and its watch; the champion serves on')
    .addHelpText('after', examples("npx perennial lifecycle remove flights --reason 'by hand from now on'"))
    .action(lazy(async () => (await import('../commands/lifecycles.ts')).remove));
}

function addWatch(program: Command, lazy: Lazy): void {
  const watch = program.command('watch').description("the watch over a model's predictions: show, now");
  watch
    .command('show <name>')
    .description('what its windows said, or one of them in full')
    .option('--window <number>', 'one window, with every column', wholeNumber)
    .option('--limit <number>', 'how many at the most', wholeNumber, 20)
    .option('--picture <file>', 'write the drawing (SVG) of that window, of the newest where none is named')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'npx perennial watch show flights',
        'npx perennial watch show flights --window 12 --picture window.svg',
      ),
    )
    .action(lazy(async () => (await import('../commands/watch.ts')).show));
  watch
    .command('now <name>')
    .description('look at the window that ends now, without waiting for its time')
    .option('--to <time>', 'where it ends, ISO 8601, after the last one: for a past that is replayed')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'npx perennial watch now flights',
        'npx perennial watch now flights --to 2026-01-31T12:00:00Z',
      ),
    )
    .action(lazy(async () => (await import('../commands/watch.ts')).now));
}

function withReason(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why; stands in the audit')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION);
}

function answers(which: string): string {
  return examples(
    `npx perennial ${which} flights/7 --reason 'as agreed'`,
    `npx perennial ${which} rollout/flights/2 --reason 'as agreed'`,
  );
}
