import type { Command } from 'commander';
import type { RolloutOrderName } from '../../workflows/rolloutMessages.ts';
import { AS_OPTION, examples, JSON_OPTION, wholeNumber, type Lazy } from './parts.ts';

/** rollout start, watch, show, list, explain, and the orders */
export function addRollouts(program: Command, lazy: Lazy): void {
  const rollout = program
    .command('rollout')
    .description('a version beside the champion, watched and judged: start, watch, explain ...');
  const run = lazy(async () => (await import('../commands/rollouts.ts')).start);
  rollout
    .command('start <model>')
    .description("roll a version out, by its definition's `canary` or the defaults, and wait for the verdict")
    .option('--steps <percents>', "the challenger's share of the keys, stage by stage, such as 10,50")
    .option('--min-duration <time>', 'of each stage at least, such as 15m')
    .option('--max-duration <time>', 'of all stages together at most, such as 1d; then it is inconclusive')
    .option('--every <time>', 'between two looks, such as 30s')
    .option(
      '--accuracy <loss>',
      'guard a loss of labelled keys: auto, zeroOne, logLoss, brier, absolute, squared; or off',
    )
    .option('--margin <number>', 'how much more of that loss is still accepted, in its own unit')
    .option('--bound <number>', 'where the loss of one row is cut; needed for absolute and squared')
    .option('--min-pairs <number>', 'labelled keys before which nothing is said of the loss')
    .option('--label-horizon <time>', 'how late a label may come; only older keys count')
    .option('--probation <time>', 'how long the old champion stays loaded afterwards, such as 1d')
    .option('--approve', 'a person approves before all keys go to it')
    .option('--policy <file>', 'a JSON file with any part of a policy; the options above win')
    .option('--reason <text>', 'why; shown with the rollout')
    .option('--as <actor>', AS_OPTION)
    .option('--no-wait', 'start it and return')
    .option('--to-end', 'wait for the end of the probation too')
    .option('--json', JSON_OPTION)
    .addHelpText('after', START_HELP)
    .action(run);
  rollout
    .command('watch <rollout>')
    .description('come back to a rollout and wait for its verdict')
    .option('--to-end', 'wait for the end of the probation too')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial rollout watch flights/1'))
    .action(lazy(async () => (await import('../commands/rollouts.ts')).watch));
  rollout
    .command('show <rollout>')
    .description('how it stands, without waiting')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial rollout show flights/1'))
    .action(lazy(async () => (await import('../commands/rollouts.ts')).show));
  rollout
    .command('list [name]')
    .description('rollouts, newest first')
    .option('--limit <number>', 'how many at the most', wholeNumber, 20)
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('../commands/rollouts.ts')).list));
  rollout
    .command('explain <rollout>')
    .description('what was counted and concluded at each look, recomputed from the stored counts')
    .option('--look <number>', 'one look in full', wholeNumber)
    .option('--all', 'every look, also those in which nothing else was concluded')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples('npx perennial rollout explain flights/1', 'npx perennial rollout explain flights/1 --look 7'),
    )
    .action(lazy(async () => (await import('../commands/rollouts.ts')).explain));
  for (const [name, description] of Object.entries(ORDERS) as [RolloutOrderName, string][]) {
    rollout
      .command(`${name} <rollout>`)
      .description(description)
      .requiredOption('--reason <text>', 'why; stands in the audit')
      .option('--as <actor>', AS_OPTION)
      .option('--json', JSON_OPTION)
      .addHelpText('after', examples(`npx perennial rollout ${name} flights/1 --reason 'as agreed'`))
      .action(lazy(async () => (await import('../commands/rollouts.ts')).order(name)));
  }
}

const ORDERS: Record<RolloutOrderName, string> = {
  pause: 'keep the weight and act on no verdict until it is resumed',
  resume: 'go on after a pause, or after looking at what held it',
  approve: 'let all keys go to it, where its policy asks for a person',
  promote: 'all keys at once, whatever the guards say',
  rollback: 'the champion back at once; also in probation',
  abort: 'end it, with the champion restored',
};

const START_HELP = `
Exit codes: 0 promoted; 3 rolled back, inconclusive or aborted; 2 bad input; 1 anything else.
Ctrl-C leaves the rollout to the workers: \`npx perennial rollout watch\` comes back to it.

Examples:
  $ npx perennial rollout start flights@2
  $ npx perennial rollout start flights@2 --steps 10,50 --accuracy brier --margin 0.01 --label-horizon 1h
  $ npx perennial rollout start flights@2 --policy careful.json --no-wait
`;
