import type { Command } from 'commander';
import { AS_OPTION, examples, JSON_OPTION, type Lazy } from './parts.ts';

/** backup, restore */
export function addBackup(program: Command, lazy: Lazy): void {
  program
    .command('backup <file>')
    .description('write everything that the installation remembers into one new file, while it goes on')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial backup 2026-01-31.perennial'))
    .action(lazy(async () => (await import('../commands/backup.ts')).backup));
  program
    .command('restore <file>')
    .description('bring a backup into an empty installation that is up, all or nothing; lifecycles go on')
    .option('--as <actor>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'PERENNIAL_HOME=.restored npx perennial up',
        'PERENNIAL_HOME=.restored npx perennial restore 2026-01-31.perennial',
      ),
    )
    .action(lazy(async () => (await import('../commands/backup.ts')).restore));
}
