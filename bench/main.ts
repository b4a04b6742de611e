import { Command, InvalidArgumentError, Option } from 'commander';
import { shelf } from '../learning/learners/shelf.ts';
import { benchAutomatic } from './automatic/automatic.ts';
import { benchDrift } from './drift/drift.ts';
import { DEFAULT_POLICIES, readPolicies } from './lifecycle/policies.ts';
import { replayLifecycles, type ReplayOptions } from './lifecycle/replay/study.ts';
import { studyLifecycles } from './lifecycle/study.ts';
import { benchFit } from './fit/fit.ts';
import { PEERS, WORKS } from './fit/works.ts';
import { COMPARED } from './quality/ours.ts';
import { benchQuality } from './quality/quality.ts';
import { QUALITY_SETS } from './quality/sets.ts';
import { LEARNERS, readGrid, type Grid } from './search/grid.ts';
import { benchSearch } from './search/search.ts';
import { benchGateway, type GatewayBenchOptions } from './gateway/gateway.ts';
import { benchServe } from './serve/serve.ts';

const SEARCHES = ['grid', 'workers', 'overhead'] as const;
const FIT_LEARNERS = [...new Set(WORKS.map(({ learner }) => learner))];

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
  .command('gateway')
  .description('How soon a changed route is served, and which answers a killed gateway has not logged')
  .option('--changes <n>', 'of a route whose versions are loaded, and of one whose are not', positive, 200)
  .option('--kills <n>', 'of a gateway under load, by SIGKILL', positive, 20)
  .option('--json <file>', 'write every figure there')
  .action(async (options: GatewayBenchOptions) => benchGateway(options));

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
  .option('--models <folder>', 'of a replay: keeps what was trained there for the next run of the same code')
  .action(async ({ replay, ...options }: ReplayOptions & { replay?: true }) =>
    replay ? replayLifecycles(options) : studyLifecycles(options),
  );

program
  .command('fit')
  .description(
    'Boosting beside LightGBM, logistic regression beside scikit-learn, on one thread each; forests beside scikit-learn and scikit-learn-intelex, on two; on the same rows',
  )
  .option('--json <file>', 'write every figure there')
  .option('--peer-python <path>', 'a Python that has scikit-learn, and lightgbm and scikit-learn-intelex')
  .option('--peer <names>', `some of: ${PEERS.join(', ')}`, someOf(PEERS), [...PEERS])
  .addOption(rawSets().default([]))
  .option('--rows <numbers>', 'of the generated sets, where none is given', positives, [20_000, 100_000])
  .option('--classes <numbers>', 'of the generated sets', positives, [3, 2])
  .option('--learner <names>', `some of: ${FIT_LEARNERS.join(', ')}`, someOf(FIT_LEARNERS), [...FIT_LEARNERS])
  .option('--rounds <n>', 'measurements of each, of which the median counts', positive, 5)
  .action(async (options: Parameters<typeof benchFit>[0]) => benchFit(options));

program
  .command('automatic')
  .description('The automatic search within a time beside a grid that has all its time, on the same folds')
  .addOption(rawSets().makeOptionMandatory())
  .option('--within <seconds>', 'of the automatic search', positive, 60)
  .option('--threads <n>', 'that compute', positive, 2)
  .option('--json <file>', 'write every figure there')
  .action(async (options: Parameters<typeof benchAutomatic>[0]) => benchAutomatic(options));

program
  .command('search')
  .description(
    'A grid search by the workflows, every candidate stored, beside GridSearchCV; and on one worker process beside two',
  )
  .option('--json <file>', 'write every figure there')
  .option('--peer-python <path>', 'a Python that has scikit-learn and lightgbm')
  .addOption(rawSets().default([]))
  .option('--rows <numbers>', 'of the generated sets, where none is given', positives, [20_000])
  .addOption(new Option('--learner <name>', 'whose grid').choices(LEARNERS).default('forest'))
  .option('--grid <json>', 'hyperparameters with lists of values; default: eight combinations', grid)
  .option('--folds <n>', 'of the cross-validation', positive, 5)
  .option('--jobs <n>', 'threads of ours, processes of the peer', positive, 2)
  .option('--parallelism <n>', 'candidates of ours under way at the same time', positive, 2)
  .option('--rounds <n>', 'measurements of each, of which the median counts', positive, 3)
  .option('--only <works>', `some of: ${SEARCHES.join(', ')}`, someOf(SEARCHES), [...SEARCHES])
  .action(async (options: Parameters<typeof benchSearch>[0]) => benchSearch(options));

program
  .command('quality')
  .description(
    "Learners' cross-validated scores beside scikit-learn's and LightGBM's, on the same encoded rows and folds",
  )
  .option('--data <folder>', 'holds uci_adult, elec2, nyc_sca_schedules and bike_sharing', '../shared/data')
  .option(
    '--set <names>',
    `some of: ${Object.keys(QUALITY_SETS).join(', ')}`,
    someOf(Object.keys(QUALITY_SETS)),
    Object.keys(QUALITY_SETS),
  )
  .option('--learner <names>', `some of: ${COMPARED.join(', ')}`, someOf([...shelf.keys()]), COMPARED)
  .option('--seeds <n>', 'each with a hold-out, a sample, encoders and folds of its own', positive, 10)
  .option('--threads <n>', 'that compute ours; the peers have one', positive, 1)
  .option(
    '--peer-python <path>',
    'a Python that has scikit-learn and lightgbm; without it their kept scores count',
  )
  .option('--golden [file]', "keep the peers' scores, for the tests in test/golden/quality.json")
  .option(
    '--parity',
    "instead of scores: the learners' answers beside ONNX Runtime's on every row of every set",
  )
  .option('--json <file>', 'write every figure there')
  .action(async (options: Parameters<typeof benchQuality>[0]) => benchQuality(options));

await program.parseAsync();

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number from 1.');
}

function positives(text: string): number[] {
  return text.split(',').map(positive);
}

function rawSets(): Option {
  const description =
    'PREFIX.json, .X.f64 and .y.i32 as shared/peers/make_data.py writes them; several times for several';
  return new Option('--set <prefix>', description).argParser((prefix: string, prefixes: string[] = []) => [
    ...prefixes,
    prefix,
  ]);
}

function someOf<Name extends string>(names: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((asked) => {
      const name = names.find((each) => each === asked);
      if (name === undefined) throw new InvalidArgumentError(`expected some of ${names.join(', ')}.`);
      return name;
    });
}

function grid(text: string): Grid {
  try {
    return readGrid(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
