import { MIN_RECENT_ROWS, newerThan } from '../../../activities/recent.ts';
import type { Definition } from '../../../config/definition.ts';
import { judgeGate, type ComparedRows } from '../../../decisions/gate.ts';
import { decideTraining } from '../../../decisions/lifecycle/decide.ts';
import { heedWindow } from '../../../decisions/lifecycle/heed.ts';
import { follow, isHealthy, type Followed } from '../../../decisions/watch/follow.ts';
import { countLasted, type Judged } from '../../../decisions/watch/lasted.ts';
import type { WindowVerdict } from '../../../decisions/watch/verdict.ts';
import { computeMetrics } from '../../../learning/metrics/compute.ts';
import { METRICS } from '../../../learning/metrics/names.ts';
import type { Distributions } from '../../../activities/watch/distributions.ts';
import type { Policy, PolicyResult } from '../policies.ts';
import type { TrainedModel } from './models.ts';
import type { Past } from './past.ts';
import { answersOf, type windowsOf } from './windows.ts';

export interface Replay {
  past: Past;
  definition: Definition;
  policy: Policy;
  modelAt: (asOf?: number) => Promise<TrainedModel>;
  observe: ReturnType<typeof windowsOf>;
  /** Chunks at the most. */
  chunks?: number;
  onTraining?: (at: number, accepted: boolean, reason: string) => void;
}

/** One policy from the first training to the end of the past, by the decisions of the lifecycle, without its machinery. */
export async function liveThrough(replay: Replay): Promise<PolicyResult> {
  const { past, definition, policy, modelAt, observe, chunks: most = Infinity } = replay;
  const began = performance.now();
  const { at, set } = past;
  const { watch, retrain, approvals } = definition;
  const { weeks = 0, phase = 0 } = policy;
  const start = at[past.first];
  const self = {
    champion: { version: 1, model: await modelAt(), since: -Infinity },
    followed: { verdicts: [] } as Followed,
    healthy: undefined as Distributions | undefined,
    judged: undefined as Judged | undefined,
    retrainedAt: [] as string[],
    rejectedInARow: 0,
    retrainings: 0,
  };
  const chunks: PolicyResult['chunks'] = [];
  const verdicts: WindowVerdict[] = [];
  let seenTo: number | undefined;
  let next = past.first;
  for (let n = 0; n < most && next < at.length; n++) {
    const [from, to] = [start + n * set.chunkMs, start + (n + 1) * set.chunkMs];
    const first = next;
    while (next < at.length && at[next] < to) next++;
    if (next === first) continue;
    const { version, model } = self.champion;
    chunks.push({
      from: iso(from),
      rows: next - first,
      version,
      quality: qualityOf(past, model, first, next),
    });
    let kind: 'drift' | 'schedule' | undefined;
    if (policy.kind === 'watch' && watch) {
      const window = {
        champion: self.champion,
        from: seenTo ?? to - watch.everyMs,
        to,
        healthy: self.healthy,
      };
      const { facts: compared, sample } = await observe(window, watch);
      const facts = countLasted(compared, self.judged, watch);
      const { followed, verdict, signal } = follow(self.followed, facts, watch, true);
      Object.assign(self, {
        followed,
        ...(isHealthy(verdict) ? { healthy: sample } : {}),
        ...(verdict.state === 'insufficient' ? {} : { judged: { facts, verdict } }),
      });
      seenTo = to;
      verdicts.push(verdict);
      const when = { to: iso(to), retrainedAt: self.retrainedAt.at(-1) };
      if (heedWindow(signal, verdict, retrain, when).do === 'train') kind = 'drift';
    }
    if (policy.kind === 'schedule' && (n + 1) % weeks === phase) kind = 'schedule';
    if (!kind) continue;
    const { retrainedAt, rejectedInARow } = self;
    const situation = {
      now: iso(to),
      kind,
      retrain,
      approvals,
      approved: false,
      rejectedInARow,
      retrainedAt,
    };
    if (decideTraining(situation).do !== 'train') continue;
    self.retrainings++;
    self.retrainedAt = [...retrainedAt, iso(to)];
    const challenger = await modelAt(to);
    const { accepted, reason } = judge(replay, version, model, challenger);
    replay.onTraining?.(to, accepted, reason);
    self.rejectedInARow = accepted ? 0 : rejectedInARow + 1;
    if (accepted) self.champion = { version: version + 1, model: challenger, since: to };
  }
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const inState = (state: string) => verdicts.filter((verdict) => verdict.state === state).length;
  return {
    ...policy,
    chunks,
    mean: chunks.reduce((sum, chunk) => sum + chunk.quality * chunk.rows, 0) / rows,
    retrainings: self.retrainings,
    promotions: self.champion.version - 1,
    shifted: inState('shifted'),
    faults: inState('fault'),
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

/** The gate, on the rows that the evaluation of a retraining takes. */
function judge(
  { past, definition }: Replay,
  version: number,
  champion: TrainedModel,
  challenger: TrainedModel,
) {
  const { test, metric } = challenger;
  const on = (model: TrainedModel, rows: Int32Array): number | undefined => {
    const { task, classes, positive } = model.signature;
    const width = classes?.length ?? 1;
    const y = Float64Array.from(rows, (row) => past.y[row]);
    return computeMetrics(task, width, positive, y, answersOf(model, rows, width))[metric];
  };
  const newest = Array.from(test, (row) => past.at[row]).sort((a, b) => b - a);
  const after = newerThan(champion.newestMs, newest.at(MIN_RECENT_ROWS - 1));
  const recent =
    after &&
    test.filter((row) => past.at[row] > after.epochMs || (after.included && past.at[row] === after.epochMs));
  const value = recent && on(challenger, recent);
  const compared: ComparedRows =
    recent && after && value !== undefined
      ? {
          ...{ rows: recent.length, recentFrom: iso(after.epochMs), metric: value },
          ...(after.included ? { newest: true } : {}),
        }
      : { rows: test.length };
  const { atLeast, atMost, tolerance } = definition.select;
  return judgeGate({
    ...{ metric, better: METRICS[metric].better, atLeast, atMost, tolerance, compared },
    value: on(challenger, test),
    champion: { version, metric: on(champion, recent ?? test) ?? NaN },
  });
}

function qualityOf({ y }: Past, { predictions, signature }: TrainedModel, from: number, to: number): number {
  const width = signature.classes?.length ?? 1;
  let sum = 0;
  for (let row = from; row < to; row++) {
    if (!signature.classes) sum += Math.abs(predictions[row] - y[row]);
    else sum += Number(argmaxOf(predictions.subarray(row * width, (row + 1) * width)) === y[row]);
  }
  return sum / (to - from);
}

function argmaxOf(values: Float64Array): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

const iso = (ms: number): string => new Date(ms).toISOString();
