import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { candidatesOf } from '../config/portfolio.ts';
import { PerennialError } from '../config/errors.ts';
import { encodeGolden } from '../compute/parityGolden.ts';
import { withSession, type ModelSession } from '../compute/session.ts';
import { calibrated, type Answering } from '../learning/calibrators/calibrated.ts';
import { kindsOf } from '../learning/encoders/describe.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { assembleEncoders, assembleModel } from '../learning/onnx/assemble.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { Table } from '../sources/table.ts';
import type { RefitInput, RefitResult } from '../workflows/messages.ts';
import type { TrainerRequest } from '../workflows/trainerMessages.ts';
import { fitCalibration } from './calibration.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { decodeFeatures, problemOf, type Features } from './features.ts';
import { askForModel } from './external/refit.ts';
import { foldColumn, keepFoldColumn } from './folds.ts';
import { readGolden } from './golden.ts';
import { readMatrix } from './matrix.ts';
import { modelMetadata } from './modelMetadata.ts';
import { openSnapshot } from './snapshot.ts';
import { keepWeights } from './weights.ts';

export function refitActivities(dependencies: TrainerDependencies) {
  const { store, pool } = dependencies;
  return {
    /**
     * Fits the winner on more rows and compiles encoders and model into one ONNX file. Where a trainer of one's own has its
     * learner, says what that one is to be asked.
     */
    async refit(input: RefitInput): Promise<RefitResult | { request: TrainerRequest }> {
      const { name, run } = input;
      const signal = cancellationSignal();
      const definition = await store.definitions.get(input.definitionHash);
      const sample = decodeFeatures(await store.artifacts.get(input.featuresDigest));
      const { facts } = sample;
      const spec = candidatesOf(definition, facts)[input.candidate];
      const learner = spec && shelf.get(spec.learner);
      if (!spec || !(learner ?? spec.trainer))
        throw new PerennialError('INTERNAL', `There is no candidate ${input.candidate}.`);

      const fitAndCompile = async (
        table: Table,
        encoders: ModelSession,
      ): Promise<RefitResult | { request: TrainerRequest }> => {
        const features = await refitFeatures(sample);
        if (!learner)
          return askForModel(dependencies, input, { definition, spec, features, sample, table, encoders });
        const problem = problemOf(features);
        const refusal = learner.refuses?.({ ...problem, task: facts.task }, spec.params);
        if (refusal !== undefined) {
          throw new PerennialError(
            'LEARNER_REFUSED',
            `${learner.title} won the search and refuses the refit: ${refusal}`,
            {
              field: 'sample.refit',
              value: features.facts.rows,
              expected: 'a sample that the learner can take',
            },
          );
        }
        const fitted = await pool.fit({
          problem,
          learner: spec.learner,
          params: spec.params,
          seed: deriveSeed(definition.seed, 'refit'),
          signal,
          onUnits: (done, total) => heartbeat({ refit: done, of: total }),
        });
        const answerer = await answering(features, learner);
        const bytes = assembleModel(facts.encoders, answerer, fitted, modelMetadata(definition, facts));
        const model = await store.artifacts.put(bytes, 'model', 'application/onnx', {
          signal,
          owner: { name, run, role: 'model' },
        });
        await store.runs.update(name, run, { modelDigest: model.digest });

        const golden = await readGolden(table, definition, facts, encoders, signal);
        const answers = answerer.predict(fitted, golden.x, facts.columns);
        const goldenBytes = encodeGolden(golden.raw, answers, facts.task);
        const kept = await store.artifacts.put(goldenBytes, 'golden', 'application/json', {
          signal,
          owner: { name, run, role: 'golden' },
        });
        return { modelDigest: model.digest, goldenDigest: kept.digest, refitRows: features.facts.rows };

        /** The learner, through a calibrator where the definition asks for one. */
        async function answering(features: Features, learner: Answering): Promise<Answering> {
          const { calibrate: method } = definition;
          if (method === undefined) return learner;
          const calibrator = await fitCalibration(pool, { definition, features, spec, method, signal });
          return calibrated(learner, calibrator, facts.classes?.length ?? 0);
        }

        /** The search's own sample where the refit sees no more rows. */
        async function refitFeatures(found: Features): Promise<Features> {
          const limit = definition.sample.refit === 'all' ? undefined : definition.sample.refit;
          const { train } = await table.sides({ signal });
          if (Math.min(train, limit ?? train) === found.facts.rows) return found;
          const { weight } = definition;
          const fold = definition.calibrate === undefined ? undefined : foldColumn(definition);
          const { x, y, rows, beside } = await readMatrix(table, {
            side: 'train',
            limit,
            facts,
            target: definition.target,
            encoders,
            signal,
            beside: [fold, weight].filter((name) => name !== undefined),
          });
          const binned = await pool.bin(x, rows, facts.columns, signal, kindsOf(facts.encoders));
          return {
            ...{ facts: { ...facts, rows }, x, y, binned },
            ...keepFoldColumn(definition.select, fold === undefined ? undefined : beside[fold]),
            ...keepWeights(weight, beside),
          };
        }
      };

      return openSnapshot(dependencies, definition, input.datasetDigest, (table) =>
        withSession(assembleEncoders(facts.encoders), (encoders) => fitAndCompile(table, encoders)),
      );
    },
  };
}
