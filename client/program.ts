import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addBackup } from './program/backup.ts';
import { addLifecycles } from './program/lifecycles.ts';
import { addRollouts } from './program/rollouts.ts';
import { addServing } from './program/serving.ts';
import {
  AS_OPTION,
  collect,
  examples,
  JSON_OPTION,
  positive,
  wholeNumber,
  type Lazy,
} from './program/parts.ts';

/**
 * The commands and their options.
 *
 * @param onDone takes the exit code of the command that ran
 */
export function buildProgram(onDone: (code: number) => void): Command {
  const lazy: Lazy =
    (load) =>
    async (...args) => {
      const handler = await load();
      onDone((await handler(...args)) ?? 0);
    };
  const manifest = createRequire(import.meta.url)('../package.json') as { version: string };
  const program = new Command('perennial')
    .description(
      'The whole life of a machine-learning model as durable workflows: from a definition to a version that serves.',
    )
    .version(manifest.version)
    .exitOverride()
    .helpCommand(false)
    .showHelpAfterError('(the same with --help shows how it is called)')
    .addHelpText('after', GENERAL);

  program.commandsGroup('Train:');
  program
    .command('init [file]')
    .description('write a definition of your own from the columns of a CSV, Parquet or JSON file')
    .option('--from <file>', 'the same as the argument')
    .option('--target <column>', 'the column to predict (default: a guess, which is told)')
    .option('--name <name>', 'name of the model (default: from the file)')
    .option('--out <file>', 'where to write', 'lifecycle.ts')
    .option('--force', 'overwrite what lies there')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples('npx perennial init customers.csv --target churned', 'npx perennial train lifecycle.ts'),
    )
    .action(lazy(async () => (await import('./commands/init.ts')).init));
  program
    .command('train <definition>')
    .description(
      'run a definition (.ts, .mts, .js, .mjs, .json) to a registered model; starts the stack where none is up',
    )
    .option('--source <name=path>', 'read this file for the source of that name; may be repeated', collect)
    .option('--no-wait', 'start the run and return')
    .option('--json', JSON_OPTION)
    .addHelpText('after', TRAIN_HELP)
    .action(lazy(async () => (await import('./commands/train.ts')).train));
  program
    .command('attach <run>')
    .description('come back to a run that is under way and wait for it')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial attach flights/3'))
    .action(lazy(async () => (await import('./commands/train.ts')).attach));
  program
    .command('cancel <run>')
    .description('end a run that is under way')
    .addHelpText('after', examples('npx perennial cancel flights/3'))
    .action(lazy(async () => (await import('./commands/runs.ts')).cancel));

  program.commandsGroup('Look:');
  program
    .command('runs [name]')
    .description('training runs, newest first')
    .option('--limit <number>', 'how many at the most', wholeNumber, 20)
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('./commands/runs.ts')).runs));
  const run = program.command('run').description('one training run: show, export, parallelism');
  run
    .command('show <run>')
    .description('its checks, its leaderboard, its model')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial run show flights/3'))
    .action(lazy(async () => (await import('./commands/runs.ts')).showRun));
  run
    .command('export <run>')
    .description(
      'write its rows with hold-out and folds into a new folder, for a trainer in another language',
    )
    .requiredOption('--out <dir>', 'a folder that does not exist yet, or is empty')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial run export flights/3 --out ./flights-3'))
    .action(lazy(async () => (await import('./commands/runs.ts')).exportRun));
  run
    .command('parallelism <run> <number>')
    .description('change how many candidates are trained at the same time, 1 to 64, while the search goes on')
    .addHelpText('after', examples('npx perennial run parallelism flights/3 4'))
    .action(lazy(async () => (await import('./commands/runs.ts')).parallelism));
  program
    .command('models [name]')
    .description('registered models and their versions')
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('./commands/models.ts')).models));
  const model = program.command('model').description('one registered model: show, explain, import, export');
  model
    .command('show <model>')
    .description('signature, metrics and lineage of a version (default: the champion)')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples('npx perennial model show flights', 'npx perennial model show flights@3 --json'),
    )
    .action(lazy(async () => (await import('./commands/models.ts')).showModel));
  model
    .command('explain <model>')
    .description(
      'what its columns add to its answers, and what it loses without them (default: the champion)',
    )
    .option('--json', 'print one JSON object, with Shapley values by row and partial dependence')
    .addHelpText('after', examples('npx perennial model explain flights'))
    .action(lazy(async () => (await import('./commands/models.ts')).explainModel));
  model
    .command('import <file>')
    .description('register an ONNX file that scikit-learn, LightGBM or another program exported')
    .requiredOption('--name <name>', 'the model that it is a version of; the first version of a name serves')
    .requiredOption(
      '--signature <file>',
      'JSON: the raw columns, the target, the classes; see docs/import.md',
    )
    .option(
      '--expect <file>',
      'rows with the answers of its maker, as `predict` writes them: they must be the same',
    )
    .option(
      '--tolerance <number>',
      'how far probabilities and values may be apart from those (default 1e-5)',
      positive,
    )
    .option('--as <name>', AS_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'npx perennial model import iris.onnx --name iris --signature iris.json',
        'npx perennial model import iris.onnx --name iris --signature iris.json --expect scored.csv',
      ),
    )
    .action(lazy(async () => (await import('./commands/models.ts')).importModel));
  model
    .command('export <model>')
    .description(
      'write model.onnx, signature, golden rows, metrics, pictures, report and lineage into a new folder',
    )
    .requiredOption('--out <dir>', 'a folder that does not exist yet, or is empty')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial model export flights --out ./flights-model'))
    .action(lazy(async () => (await import('./commands/models.ts')).exportModel));

  program.commandsGroup('Use:');
  program
    .command('predict <model>')
    .description('score a file (CSV, Parquet, JSON): its columns, the prediction, a probability per class')
    .requiredOption('--input <file>', 'rows with the columns that `model show` lists')
    .requiredOption('--output <file>', 'where to write; the extension chooses CSV, Parquet or JSON')
    .option('--json', JSON_OPTION)
    .addHelpText('after', examples('npx perennial predict flights --input new.csv --output scored.csv'))
    .action(lazy(async () => (await import('./commands/predict.ts')).predict));

  program.commandsGroup('Serve and roll out:');
  addServing(program, lazy);
  addRollouts(program, lazy);

  program.commandsGroup('Keep a model alive:');
  addLifecycles(program, lazy);

  program.commandsGroup('Run the stack on this machine:');
  program
    .command('up')
    .description('start Temporal, Postgres, the workers and the gateway in the background')
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('./commands/stack.ts')).up));
  program
    .command('down')
    .description('stop what `up` or `train` started; runs go on when it is up again')
    .action(lazy(async () => (await import('./commands/stack.ts')).down));
  program
    .command('status')
    .description('what answers, who works, what is under way')
    .option('--json', JSON_OPTION)
    .action(lazy(async () => (await import('./commands/stack.ts')).status));
  addBackup(program, lazy);
  return program;
}

const GENERAL = `
Begin:
  $ npx perennial init customers.csv --target churned
  $ npx perennial train lifecycle.ts
  $ npx perennial predict customers --input new.csv --output scored.csv

Exit codes:
  0 done   2 bad input   3 a check, a gate or a rollout said no   1 anything else

Environment:
  PERENNIAL_HOME       state of the stack (default .perennial)
  PERENNIAL_NAMESPACE  Temporal namespace and Postgres schema (default perennial)
  PERENNIAL_CACHE      downloaded binaries, shared by all homes (default ~/.cache/perennial)
  PERENNIAL_THREADS    threads that a trainer computes with (default: one a core)
  PERENNIAL_GATEWAY_HOST, PERENNIAL_GATEWAY_PORT, PERENNIAL_GATEWAY_PROCESSES
                       where the gateway listens (default 127.0.0.1 and a port that is kept)
  PERENNIAL_LOG        debug shows where an error comes from
  TEMPORAL_ADDRESS     a Temporal server of your own, in place of the embedded one
  DATABASE_URL         a Postgres of your own, in place of the embedded one
  NO_COLOR             no colours
`;

const TRAIN_HELP = `
Ctrl-C leaves the run to the workers: \`npx perennial attach\` comes back to it, \`npx perennial cancel\` ends it.

Examples:
  $ npx perennial train lifecycle.ts
  $ npx perennial train lifecycle.ts --source customers=/data/2025-06.csv
  $ npx perennial train lifecycle.ts --json | tail -1
`;
