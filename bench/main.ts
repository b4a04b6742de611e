import { Command, InvalidArgumentError } from 'commander';
import { benchAutomatic } from './automatic/automatic.ts';
import { benchDrift } from './drift/drift.ts';
import { DEFAULT_POLICIES, readPolicies } from './lifecycle/policies.ts';
import { replayLifecycles, type ReplayOptions } from './lifecycle/replay/study.ts';
import { studyLifecycles } from './lifecycle/study.ts';
import { benchFit } from './fit/fit.ts';
import { benchServe } from './serve/serve.ts';

/** `npm run bench -- <what>`: side by side with what people use today, in one interleaved run. */
const program = new Command('npm run bench --')
  .description(
    'Measures Perennial beside what people use today: ratios of one interleaved run, never times alone.',
  )
  .showHelpAfterError();

program
  .command('serve')
  .description('The gateway beside FastAPI, BentoML and MLflow, with the same load generator')
  .option('--json <file>', 'write every figure there')
  .option(
    '--peer-python <path>',
    'a Python that has the peers: fastapi, uvicorn and onnxruntime, bentoml, mlflow; several times where they live apart',
    (path: string, paths: string[]) => [...paths, path],
    [] as string[],
  )
  .option('--duration <seconds>', 'of each measurement', positive, 5)
  .option('--rounds <n>', 'measurements of each, of which the median counts', positive, 3)
  .option('--only <works>', 'some of: one-row, thousand-rows, processes, canary', (text: string) =>
    text.split(','),
  )
  .action(async (options: Parameters<typeof benchServe>[0]) => benchServe(options));

program
  .command('drift')
  .description('The comparison of a window with its reference beside Alibi Detect, Evidently and scipy')
  .option('--json <file>', 'write every figure there')
  .option(
    '--peer-python <path>',
    'a Python that has the peers: alibi-detect, evidently, scipy; several times where they live apart',
    (path: string, paths: string[]) => [...paths, path],
    [] as string[],
  )
  .option('--rounds <n>', 'measurements of each, of which the median counts', positive, 5)
  .action(async (options: Parameters<typeof benchDrift>[0]) => benchDrift(options));

program
  .command('lifecycle')
  .description('The same past under several policies: never retrained, by the calendar, by the watch')
  .requiredOption('--data <folder>', 'holds elec2/elec2.csv and bike_sharing/hour.csv')
  .option('--set <names>', 'some of: elec2, bikes', (text: string) => text.split(','), ['elec2', 'bikes'])
  .option(
    '--policy <names>',
    'never, schedule:<weeks>, watch:<weeks>[:<alpha>]: the calendar every so many weeks, the watch after so many at the earliest, by evidence of 1 / alpha',
    readPolicies,
    readPolicies(DEFAULT_POLICIES),
  )
  .option('--chunks <n>', 'weeks of the replay at the most', positive)
  .option('--json <file>', 'write every figure there')
  .option('--picture <file>', 'write the SVG there')
  .option(
    '--replay',
    'in this process by the same decisions, no Temporal and no Postgres; each calendar at all its phases',
  )
  .option('--names <n>', 'of a replay: lifecycles of other names, with other hold-outs', positive, 1)
  .option('--threads <n>', 'of a replay', positive, 1)
  .action(async ({ replay, ...options }: ReplayOptions & { replay?: true }) =>
    replay ? replayLifecycles(options) : studyLifecycles(options),
  );

program
  .command('fit')
  .description(
    'Boosting beside LightGBM, logistic regression beside scikit-learn, one thread each, on the same rows',
  )
  .option('--json <file>', 'write every figure there')
  .option('--peer-python <path>', 'a Python that has lightgbm and scikit-learn')
  .option(
    '--set <prefix>',
    'PREFIX.json, .X.f64 and .y.i32 as shared/peers/make_data.py writes them; several times for several',
    (prefix: string, prefixes: string[]) => [...prefixes, prefix],
    [] as string[],
  )
  .option(
    '--rows <numbers>',
    'of the generated sets, where none is given',
    (text: string) => text.split(',').map(positive),
    [20_000, 100_000],
  )
  .option('--learner <names>', 'some of: boosting, logistic', readLearners, ['boosting', 'logistic'])
  .option('--rounds <n>', 'measurements of each, of which the median counts', positive, 5)
  .action(async (options: Parameters<typeof benchFit>[0]) => benchFit(options));

program
  .command('automatic')
  .description('The automatic search within a time beside a grid that has all its time, on the same folds')
  .requiredOption(
    '--set <prefix>',
    'PREFIX.json, .X.f64 and .y.i32 as shared/peers/make_data.py writes them; several times for several',
    (prefix: string, prefixes: string[] = []) => [...prefixes, prefix],
  )
  .option('--within <seconds>', 'of the automatic search', positive, 60)
  .option('--threads <n>', 'that compute', positive, 2)
  .option('--json <file>', 'write every figure there')
  .action(async (options: Parameters<typeof benchAutomatic>[0]) => benchAutomatic(options));

await program.parseAsync();

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number from 1.');
}

function readLearners(text: string): string[] {
  const names = text.split(',');
  if (names.every((name) => name === 'boosting' || name === 'logistic')) return names;
  throw new InvalidArgumentError('expected boosting, logistic or both, with a comma between them.');
}
