import { cancellationSignal } from '@temporalio/activity';
import { MAX_MODEL_BYTES } from '../../compute/foreign/limits.ts';
import { graftModel } from '../../compute/foreign/graft.ts';
import { openAdopted, type OpenedForeign } from '../../compute/foreign/open.ts';
import { goldenOutputs, type Golden } from '../../compute/parityGolden.ts';
import { withSession, type ModelSession } from '../../compute/session.ts';
import { candidatesOf } from '../../config/portfolio.ts';
import type { Definition } from '../../config/definition.ts';
import { PerennialError } from '../../config/errors.ts';
import type { CandidateSpec } from '../../config/search.ts';
import { addCalibrator, calibrate, type Calibrator } from '../../learning/calibrators/calibrator.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { deriveSeed } from '../../learning/rng.ts';
import type { Learner } from '../../learning/types.ts';
import type { Table } from '../../sources/table.ts';
import type { RefitInput, RefitResult } from '../../workflows/messages.ts';
import type { TrainerRequest } from '../../workflows/trainerMessages.ts';
import { fitCalibration } from '../calibration.ts';
import type { TrainerDependencies } from '../dependencies.ts';
import { decodeFeatures, encodeFeatures, type Features } from '../features.ts';
import { foldsOf } from '../folds.ts';
import { readGolden } from '../golden.ts';
import { modelMetadata } from '../modelMetadata.ts';
import { openSnapshot } from '../snapshot.ts';
import { encodeTensors } from '../tensors.ts';
import { parseAnswer, readAnswers, readPut, WrongAnswer, type Answer } from './answer.ts';
import { putFolds, questionOf, requestForModel } from './ask.ts';
import { putLineage } from './lineage.ts';

interface Winner {
  definition: Definition;
  spec: CandidateSpec;
  /** The rows of the refit, and those of the search. */
  features: Features;
  sample: Features;
  table: Table;
  encoders: ModelSession;
}

/** The question for the winner's model: the rows of the refit, and those that the file will be held against. */
export async function askForModel(
  { store: { artifacts } }: TrainerDependencies,
  { name, run, featuresDigest }: RefitInput,
  { definition, spec, features, sample, table, encoders }: Winner,
): Promise<{ request: TrainerRequest }> {
  const signal = cancellationSignal();
  const { facts } = features;
  const put = async (bytes: Uint8Array, role: string): Promise<string> => {
    const owner = { name, run, role };
    return (await artifacts.put(bytes, 'features', 'application/x-safetensors', { signal, owner })).digest;
  };
  const golden = await readGolden(table, definition, facts, encoders, signal);
  const folds = definition.calibrate === undefined ? undefined : foldsOf(features, definition);
  const subject = {
    ...{ name, run, spec, facts, params: spec.params, seed: deriveSeed(definition.seed, 'refit') },
    featuresDigest:
      features === sample ? featuresDigest : await put(encodeFeatures(features), REFIT_FEATURES),
  };
  const rows = encodeTensors({ metadata: {}, tensors: { x: golden.x } });
  const owner = { name, run, role: 'folds/refit' };
  return {
    request: requestForModel(spec, {
      ...questionOf(subject),
      rowsDigest: await put(rows, 'golden/features'),
      ...(folds ? { foldsDigest: await putFolds(artifacts, facts.rows, folds, owner) } : {}),
    }),
  };
}

/** Where the refit sees other rows than the search did. */
const REFIT_FEATURES = 'features/refit';

export function externalRefitActivities(dependencies: TrainerDependencies) {
  const { store } = dependencies;
  return {
    /**
     * Takes over the model file that a trainer of one's own fitted: the gate of foreign models inspects it, it becomes one
     * graph with the encoders, and is opened in a process of its own, where it must answer the golden rows as its trainer
     * did.
     *
     * @throws LEARNER_REFUSED where the answer is not as docs/trainers.md says, INVALID_INPUT where the file is refused,
     *   PARITY_FAILED where it answers otherwise
     */
    async adoptExternal({ answer: given, ...input }: RefitInput & { answer: string }): Promise<RefitResult> {
      const definition = await store.definitions.get(input.definitionHash);
      const { name, run } = input;
      const other = (await store.runs.artifacts(name, run)).find(({ role }) => role === REFIT_FEATURES);
      const features = decodeFeatures(await store.artifacts.get(other?.digest ?? input.featuresDigest));
      const sample = other
        ? decodeFeatures(await store.artifacts.get(input.featuresDigest)).facts
        : features.facts;
      const spec = candidatesOf(definition, sample)[input.candidate];
      if (!spec?.trainer)
        throw new PerennialError('INTERNAL', `There is no foreign candidate ${input.candidate}.`);
      try {
        const answer = parseAnswer(given);
        return await openSnapshot(dependencies, definition, input.datasetDigest, (table) =>
          withSession(assembleEncoders(features.facts.encoders), (encoders) =>
            adopt(input, { definition, spec, features, sample: features, table, encoders }, answer),
          ),
        );
      } catch (error) {
        if (!(error instanceof WrongAnswer)) throw error;
        throw new PerennialError(
          'LEARNER_REFUSED',
          `${spec.learner} won the search and was not fitted again: ${error.message}.`,
          {
            field: 'search',
            value: spec.learner,
            expected: 'an answer as docs/trainers.md says',
            cause: error,
          },
        );
      }
    },
  };

  async function adopt(
    { name, run }: RefitInput,
    { definition, spec, features, table, encoders }: Winner,
    answer: Answer,
  ): Promise<RefitResult> {
    const signal = cancellationSignal();
    const { facts } = features;
    const { task, columns } = facts;
    const classes = facts.classes?.length ?? 1;
    const golden = await readGolden(table, definition, facts, encoders, signal);
    const graft = graftModel(await readModel(answer), { task, columns, classes });
    const { rows: answered, ...folds } = await readAnswers(
      store.artifacts,
      answer.answersDigest,
      { rows: golden.rows, ...foldRows(definition, features) },
      classes,
    );
    const compile = (toOnnx: Learner['toOnnx']): Uint8Array =>
      assembleModel(facts.encoders, { name: spec.learner, toOnnx }, {}, modelMetadata(definition, facts));
    // Its own answers first, without the calibrator, which may turn a last digit into a step.
    const bare = compile(graft.toOnnx);
    const said = sharesOf(goldenOutputs(answered, golden.rows, task));
    const opened = await openAdopted({ ...graft, bytes: bare }, golden.raw, said, { signal });
    const { compared } = opened;
    const calibrator = await calibratorOf(definition, features, spec, folds);
    const { bytes, golden: kept } = calibrator
      ? await openCalibrated(calibrator)
      : { ...opened, bytes: bare };

    const put = (bytes: Uint8Array, kind: string, type: string) =>
      store.artifacts.put(bytes, kind, type, { signal, owner: { name, run, role: kind } });
    const model = await put(bytes, 'model', 'application/onnx');
    const { digest: goldenDigest } = await put(kept, 'golden', 'application/json');
    await putLineage(store, { name, run, spec, answer, outline: graft.outline, compared });
    await store.runs.update(name, run, { modelDigest: model.digest });
    return { modelDigest: model.digest, goldenDigest, refitRows: facts.rows };

    /** Held against the calibrator's own reckoning on what the file itself has answered, in float32 as the graph has it. */
    async function openCalibrated(calibrator: Calibrator): Promise<Pick<OpenedForeign, 'bytes' | 'golden'>> {
      const through = compile((...given) => {
        const outputs = graft.toOnnx(...given);
        return 'probabilities' in outputs
          ? addCalibrator(calibrator, given[1], outputs.probabilities, classes)
          : outputs;
      });
      const shares = Float64Array.from(opened.answered.probabilities ?? []);
      const expected = sharesOf(goldenOutputs(calibrate(calibrator, shares, classes), golden.rows, task));
      return openAdopted({ ...graft, bytes: through }, golden.raw, expected, { signal, alone: false });
    }
  }

  async function readModel({ modelDigest }: Answer): Promise<Uint8Array> {
    const info = modelDigest === undefined ? undefined : await store.artifacts.info(modelDigest);
    if (!info || modelDigest === undefined)
      throw new WrongAnswer(`its trainer named a model file that is not there: ${modelDigest ?? 'none'}`);
    if (info.bytes > MAX_MODEL_BYTES)
      throw new WrongAnswer(`its model file has ${info.bytes} bytes, of at most ${MAX_MODEL_BYTES}`);
    return readPut(store.artifacts, modelDigest);
  }
}

/** Of a calibrated model: how many rows each fold is tested on. */
function foldRows(definition: Definition, features: Features): Record<string, number> {
  if (definition.calibrate === undefined) return {};
  return Object.fromEntries(foldsOf(features, definition).map(({ test }, k) => [`fold_${k}`, test.length]));
}

function calibratorOf(
  definition: Definition,
  features: Features,
  spec: CandidateSpec,
  folds: Record<string, Float64Array>,
): Promise<Calibrator> | undefined {
  const { calibrate: method } = definition;
  if (method === undefined) return undefined;
  // In float32, as the graph will give them to the calibrator, whose steps lie at these numbers.
  const answers = Object.values(folds).map((each) => Float64Array.from(each, Math.fround));
  const answered = { predictFolds: () => Promise.resolve(answers) };
  return fitCalibration(answered, { definition, features, spec, method, signal: cancellationSignal() });
}

/**
 * Without labels, which a trainer does not give: that of the graph is the class of its own largest probability, and where
 * two are equal but for the last digit either is right.
 */
function sharesOf({ probabilities, prediction }: Golden['outputs']): Golden['outputs'] {
  return probabilities ? { probabilities } : { prediction };
}
