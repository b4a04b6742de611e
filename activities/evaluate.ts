import { cancellationSignal } from '@temporalio/activity';
import { candidatesOf } from '../config/portfolio.ts';
import { PerennialError } from '../config/errors.ts';
import { withSession, type ModelSession } from '../compute/session.ts';
import type { ComparedRows } from '../decisions/gate.ts';
import { permutationImportance, permute, type Importance } from '../learning/importance.ts';
import { computeMetrics } from '../learning/metrics/compute.ts';
import { METRICS, type MetricName } from '../learning/metrics/names.ts';
import { evaluate } from '../learning/metrics/report.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { EvaluateResult, RefitInput, RefitResult } from '../workflows/messages.ts';
import { scoreChampion } from './champion.ts';
import type { TrainerDependencies } from './dependencies.ts';
import type { StoredEvaluation } from './evaluation.ts';
import { explainVersion } from './explanation.ts';
import { decodeFeatures, type FeatureFacts } from './features.ts';
import { recentRows } from './recent.ts';
import { predictionsOf, scoreHoldOut, type HoldOut, type Scored } from './score.ts';
import { signatureOf } from './signature.ts';
import { openSnapshot } from './snapshot.ts';

/** A shuffled column is scored this often on this many hold-out rows. */
const IMPORTANCE_REPEATS = 5;
const IMPORTANCE_ROWS = 10_000;
const some = (limit: number | undefined): number => Math.min(IMPORTANCE_ROWS, limit ?? Infinity);

export function evaluateActivities(dependencies: TrainerDependencies) {
  const { store } = dependencies;
  return {
    /**
     * Scores the ONNX file on the hold-out, beside the champion, and keeps the numbers and the pictures. A retrained
     * model is compared on recent rows where there are enough of them.
     */
    async evaluate(input: RefitInput & RefitResult): Promise<EvaluateResult> {
      const { name, run } = input;
      const signal = cancellationSignal();
      const definition = await store.definitions.get(input.definitionHash);
      const { facts, x: training } = decodeFeatures(await store.artifacts.get(input.featuresDigest));
      const metric = await selectedMetric(name, run);

      return openSnapshot(dependencies, definition, input.datasetDigest, async (table) => {
        const sides = await table.sides({ signal });
        const limit = definition.sample.evaluate === 'all' ? undefined : definition.sample.evaluate;
        const holdOut = { table, definition, facts, limit, signal };
        // Read once: who becomes champion meanwhile may have seen other rows.
        const champion = await store.registry.get(name);
        const after = input.asOf === undefined ? undefined : await recentRows(store, champion, holdOut);
        const bytes = await store.artifacts.get(input.modelDigest);
        const signature = signatureOf(definition, facts);
        const { y, predictions, importance, explanation, recent } = await withSession(
          bytes,
          async (session) => {
            const scored = await scoreHoldOut(session, holdOut);
            const rows = await scoreHoldOut(session, { ...holdOut, limit: some(limit), keepRaw: true });
            const importance = await importanceOf(session, rows, holdOut, metric);
            const request = { bytes, session, signature, rows, importance, training, signal };
            return {
              ...scored,
              importance,
              explanation: await explainVersion(request),
              recent: after && (await recentOf(session, { ...holdOut, after }, metric)),
            };
          },
        );
        const compared = input.asOf === undefined ? undefined : (recent ?? { rows: y.length });
        const evaluation = evaluate({
          task: facts.task,
          classes: facts.classes ?? [],
          positive: facts.positive,
          y,
          predictions,
        });
        const stored: Omit<StoredEvaluation, 'pictures' | 'reportDigest' | 'explanationDigest'> = {
          selectedBy: metric,
          ...(input.choice ? { choice: input.choice } : {}),
          ...(definition.calibrate === undefined ? {} : { calibrate: definition.calibrate }),
          signature,
          metrics: evaluation.metrics,
          evaluation,
          importance,
          rows: {
            train: sides.train,
            refit: input.refitRows,
            test: sides.test,
            evaluated: y.length,
          },
          ...(compared ? { compared } : {}),
        };
        // Vega is large, and most processes that train draw late or never.
        const { drawPictures } = await import('./pictures/draw.ts');
        const drawn = await drawPictures({
          stored,
          explanation,
          name,
          run,
          candidates: await store.candidates.list(name, run),
          winner: candidatesOf(definition, facts)[input.candidate],
          lineage: {
            definition: input.definitionHash,
            dataset: input.datasetDigest,
            model: input.modelDigest,
          },
        });
        const keep = async (text: string, role: string, mediaType: string): Promise<string> => {
          const kind = role.split('/')[0] ?? role;
          const bytes = new TextEncoder().encode(text);
          return (await store.artifacts.put(bytes, kind, mediaType, { signal, owner: { name, run, role } }))
            .digest;
        };
        const pictures: Record<string, string> = {};
        for (const [picture, svg] of Object.entries(drawn.pictures)) {
          pictures[picture] = await keep(svg, `picture/${picture}`, 'image/svg+xml');
        }
        const reportDigest = await keep(drawn.report, 'report', 'text/html');
        const explanationDigest = await keep(JSON.stringify(explanation), 'explanation', 'application/json');
        const whole: StoredEvaluation = { ...stored, explanationDigest, pictures, reportDigest };
        const evaluationDigest = await keep(JSON.stringify(whole), 'evaluation', 'application/json');
        await store.runs.update(name, run, { evaluationDigest });
        return {
          evaluationDigest,
          testRows: y.length,
          metrics: evaluation.metrics,
          champion: await scoreChampion(store, champion, recent ? { ...holdOut, after } : holdOut, metric),
          compared,
        };
      });
    },
  };

  async function selectedMetric(name: string, run: number): Promise<MetricName> {
    const metric = (await store.runs.get(name, run))?.metric;
    if (metric === undefined || !(metric in METRICS))
      throw new PerennialError('INTERNAL', `Run ${name}/${run} has no metric.`);
    return metric as MetricName;
  }
}

/** Undefined where these rows do not determine the metric, as where all of them are of one class. */
async function recentOf(
  session: ModelSession,
  holdOut: HoldOut & { facts: FeatureFacts; after: NonNullable<HoldOut['after']> },
  metric: MetricName,
): Promise<ComparedRows | undefined> {
  const { task, classes, positive } = holdOut.facts;
  const { y, predictions } = await scoreHoldOut(session, holdOut);
  const value = computeMetrics(task, classes?.length ?? 1, positive, y, predictions)[metric];
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const { epochMs, included } = holdOut.after;
  return {
    ...{ rows: y.length, recentFrom: new Date(epochMs).toISOString(), metric: value },
    ...(included ? { newest: included } : {}),
  };
}

/** How much worse the metric becomes when one raw column's values are dealt to the wrong rows. */
async function importanceOf(
  session: ModelSession,
  { y, predictions, raw }: Scored,
  { definition, facts, signal }: HoldOut & { facts: FeatureFacts },
  metric: MetricName,
): Promise<Importance[]> {
  const { task, classes, positive } = facts;
  const score = (p: Float64Array): number =>
    computeMetrics(task, classes?.length ?? 1, positive, y, p)[metric] ?? NaN;
  const baseline = score(predictions);
  if (Number.isNaN(baseline)) return []; // The metric is undefined on these rows: there is nothing to lose.
  const columns = facts.encoders.inputs.map((input) => input.name);
  const options = {
    rows: y.length,
    columns,
    repeats: IMPORTANCE_REPEATS,
    seed: deriveSeed(definition.seed, 'importance'),
  };
  return permutationImportance(metric, baseline, options, async ({ column, permutation }) => {
    const shuffled = { ...raw.columns, [column]: permute(raw.columns[column], permutation) };
    return score(predictionsOf(await session.predict({ rows: raw.rows, columns: shuffled }, { signal })));
  });
}
