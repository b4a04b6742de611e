import { checkBatch } from '../compute/tensors.ts';
import type { Answers } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { Arm } from '../store/predictionTypes.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import type { Admission } from './admission.ts';
import type { Batcher } from './batch.ts';
import { noModel, openCatalogue } from './catalogue.ts';
import type { Lease } from './lease.ts';
import type { Model, Models } from './models.ts';
import { recordOf, statusOf } from './record.ts';
import type { ActiveRoute, Routing } from './routing.ts';
import { pickRows } from './rows.ts';
import { splitRows } from './split.ts';
import type { GatewayLimits, Inference, InferPart, InferRequest, PredictionLog } from './types.ts';

export interface InferenceParts {
  registry: Store['registry'];
  models: Models;
  routing: Routing;
  lease: Pick<Lease, 'holds'>;
  admission: Admission;
  batcher: Batcher;
  log: PredictionLog;
  limits: Pick<GatewayLimits, 'maxRows'>;
  /** From a request's last byte to the moment at which its answer is of no use any more. Default 30 s. */
  answerTimeoutMs?: number;
  /** Of each answer and each failure that was not the caller's. */
  onPart?: (part: {
    name: string;
    version: number;
    arm: Arm;
    rows: number;
    status: number;
    latencyUs: number;
  }) => void;
  /** An answer was given and could not be logged. */
  onLogError?: (error: unknown) => void;
}

/**
 * What stands behind both forms of asking. A request goes to the champion, or by its key to the challenger; what the
 * challenger cannot answer counts against it and is answered by the champion.
 */
export function openInference(parts: InferenceParts): Inference {
  const { registry, models, routing, lease, admission, batcher, log, limits } = parts;
  const { answerTimeoutMs = 30_000 } = parts;

  async function routed(request: InferRequest): Promise<InferPart[]> {
    const active = routing.active(request.name) ?? notServed(request.name);
    const { route, champion, challenger } = active;
    // First and for all rows: whatever fails after this is not the caller's fault.
    checkBatch(request.batch, champion.session.inputs);
    const rows = splitRows(route, request);
    const counted = countedBy(active);
    // Entered before anything is awaited: it may be needed when the challenger has failed, and the route be another then.
    champion.enter();
    try {
      if (rows.challenger === 'none') return [await answer(request, counted, champion, 'champion')];
      const ofChallenger = rows.challenger === 'all' ? undefined : rows.challenger;
      const byChallenger = challengerOrChampion(request, active, challenger, ofChallenger);
      if (rows.champion === undefined) return [await byChallenger];
      return await Promise.all([answer(request, counted, champion, 'champion', rows.champion), byChallenger]);
    } finally {
      champion.leave();
    }
  }

  /**
   * The route as the champion's answers are logged by: without its rollout where nothing of the challenger is, since it is
   * being loaded or the lease is lost. Else keys of one arm alone would look like a wrong split.
   */
  function countedBy({ route, challenger }: ActiveRoute): RouteRow {
    const { challengerVersion } = route;
    if (challengerVersion === undefined) return route;
    const answers = challenger !== undefined || isBroken(route);
    if (answers && route.weight > 0 && lease.holds()) return route;
    return { ...route, rolloutId: undefined, stage: undefined };
  }

  /** The challenger cannot be loaded, now or later: its keys are failures. */
  function isBroken({ name, challengerVersion = 0 }: RouteRow): boolean {
    return models.failure(name, challengerVersion)?.kind.retryable === false;
  }

  async function challengerOrChampion(
    request: InferRequest,
    { route, champion }: ActiveRoute,
    challenger: Model | undefined,
    rowIndexes: readonly number[] | undefined,
  ): Promise<InferPart> {
    if (lease.holds()) {
      if (challenger) {
        try {
          return await answer(request, route, challenger, 'challenger', rowIndexes);
        } catch (error) {
          if (statusOf(error) !== 500) throw error;
        }
      } else if (isBroken(route)) {
        note(request, route, route.challengerVersion ?? 0, 'challenger', rowIndexes, 500, performance.now());
      }
    }
    // `direct`: these keys are the challenger's, so the champion's answers to them are nobody's in the comparison.
    return answer(request, undefined, champion, 'direct', rowIndexes);
  }

  /** @param route whose rollout it counts for */
  async function answer(
    request: InferRequest,
    route: RouteRow | undefined,
    model: Model,
    arm: Arm,
    rowIndexes?: readonly number[],
  ): Promise<InferPart> {
    model.enter();
    try {
      const batch = rowIndexes ? pickRows(request.batch, rowIndexes) : request.batch;
      // The champion's own was checked before anything else.
      if (arm !== 'champion') checkBatch(batch, model.session.inputs);
      const { answers, computedMs } = await batcher.predict(model, batch, {
        deadlineMs: request.receivedMs + answerTimeoutMs,
        signal: request.signal,
      });
      note(request, route, model.row.version, arm, rowIndexes, 0, computedMs, model.row, answers);
      return { model: model.row, arm, rowIndexes, answers };
    } catch (error) {
      const status = statusOf(error);
      if (status !== undefined)
        note(request, route, model.row.version, arm, rowIndexes, status, performance.now());
      throw error;
    } finally {
      model.leave();
    }
  }

  function note(
    request: InferRequest,
    route: RouteRow | undefined,
    version: number,
    arm: Arm,
    rowIndexes: readonly number[] | undefined,
    status: number,
    endedMs: number,
    row?: ModelVersionRow,
    answers?: Answers,
  ): void {
    try {
      const record = recordOf({ request, route, version, arm, rowIndexes, status, endedMs, row, answers });
      log.add(record);
      parts.onPart?.(record);
    } catch (error) {
      // An answer that cannot be logged is an answer all the same.
      parts.onLogError?.(error);
    }
  }

  async function direct(request: InferRequest, version: number): Promise<InferPart[]> {
    const model = await loadInTime(request, version);
    checkBatch(request.batch, model.session.inputs);
    return [await answer(request, undefined, model, 'direct')];
  }

  function loadInTime({ name, receivedMs }: InferRequest, version: number): Promise<Model> {
    const loading = models.load(name, version, true);
    if (models.get(name, version)) return loading;
    return new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new PerennialError('DEADLINE_EXCEEDED', `${name}@${version} was not loaded in time.`));
      const timer = setTimeout(late, receivedMs + answerTimeoutMs - performance.now());
      loading.finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }

  function notServed(name: string): never {
    const wanted = routing.wanted(name);
    if (!wanted) throw noModel(name);
    const failure = models.failure(name, wanted.championVersion);
    throw new PerennialError(
      'OVERLOADED',
      failure
        ? `${name} has no version that can be loaded: ${failure.message}`
        : `${name}@${wanted.championVersion} is still being loaded.`,
      { field: 'name', value: name, cause: failure },
    );
  }

  return {
    ...openCatalogue(registry, models, routing),
    async infer(request) {
      const { rows } = request.batch;
      checkRequest(request, limits.maxRows);
      admission.enter(rows);
      try {
        return request.version === undefined ? await routed(request) : await direct(request, request.version);
      } finally {
        admission.leave(rows);
      }
    },
    async score({ name, version }, batch, signal) {
      admission.enter(batch.rows);
      try {
        const model = await models.load(name, version, true);
        checkBatch(batch, model.session.inputs);
        model.enter();
        try {
          const deadlineMs = performance.now() + answerTimeoutMs;
          return (await batcher.predict(model, batch, { deadlineMs, signal })).answers;
        } finally {
          model.leave();
        }
      } finally {
        admission.leave(batch.rows);
      }
    },
  };
}

function checkRequest({ batch: { rows }, keys }: InferRequest, maxRows: number): void {
  if (rows < 1)
    throw new PerennialError('INVALID_INPUT', 'The request holds no rows.', {
      field: 'rows',
      value: rows,
      expected: 'at least one row',
    });
  if (rows > maxRows)
    throw new PerennialError('TOO_LARGE', `The request holds ${rows} rows.`, {
      field: 'rows',
      value: rows,
      expected: `at most ${maxRows} rows`,
    });
  if (keys && keys.length !== 1 && keys.length !== rows)
    throw new PerennialError('INVALID_INPUT', `${keys.length} keys were given for ${rows} rows.`, {
      field: 'keys',
      value: keys.length,
      expected: `one key, or ${rows}`,
    });
}
