import { canonicalJson } from '../config/definition.ts';
import { judgeCanary, judgeProbation } from '../decisions/canary/judge.ts';
import type { CanaryVerdict } from '../decisions/canary/verdict.ts';
import type { LookRow, RolloutRow } from '../store/rolloutTypes.ts';
import type { AuditRow, Store } from '../store/types.ts';

/** Why a rollout ended as it did: every look, what was concluded from it, and what is concluded from it now. */
export interface RolloutExplanation {
  rollout: RolloutRow;
  looks: ExplainedLook[];
  /** True where every verdict that was kept is what its counts give today. */
  agrees: boolean;
  audit: AuditRow[];
}

export interface ExplainedLook extends LookRow {
  /** From the counts that were kept, by the same pure function that the workflow called. */
  recomputed: CanaryVerdict;
  agrees: boolean;
  /** Where they differ: what is otherwise now. */
  difference?: string;
}

export async function explainRollout(store: Store, rollout: RolloutRow): Promise<RolloutExplanation> {
  const { name, number } = rollout;
  const looks: ExplainedLook[] = [];
  for await (const look of allLooks(store, name, number)) looks.push(explainLook(rollout, look));
  const audit = await store.audit.list(rollout.id, MAX_AUDIT);
  return { rollout, looks, agrees: looks.every((look) => look.agrees), audit: audit.reverse() };
}

const MAX_AUDIT = 1_000;
const PAGE = 1_000;

async function* allLooks(store: Store, name: string, number: number): AsyncGenerator<LookRow> {
  let after: number | undefined;
  for (;;) {
    const page = await store.rollouts.looks(name, number, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.index;
    if (page.length < PAGE) return;
  }
}

function explainLook({ policy }: RolloutRow, look: LookRow): ExplainedLook {
  const probation = look.stage >= policy.steps.length;
  const recomputed = probation ? judgeProbation(look.counts, policy) : judgeCanary(look.counts, policy);
  const difference = differenceOf(look.verdict, recomputed);
  return {
    ...look,
    recomputed,
    agrees: difference === undefined,
    ...(difference === undefined ? {} : { difference }),
  };
}

/** Every digit counts: the counts are integers and moments that JSON keeps exactly. */
function differenceOf(kept: CanaryVerdict, now: CanaryVerdict): string | undefined {
  if (canonicalJson(kept) === canonicalJson(now)) return undefined;
  if (kept.action !== now.action) return `the counts give ${now.action}, kept is ${kept.action}`;
  for (const guard of now.guards) {
    const before = kept.guards.find((each) => each.guard === guard.guard);
    if (!before) return `the guard ${guard.guard} was not judged then`;
    if (before.state !== guard.state) return `${guard.guard} is ${guard.state} now and was ${before.state}`;
    for (const [name, value] of Object.entries(guard.evidence)) {
      if (before.evidence[name] !== value)
        return `${guard.guard}: ${name} is ${value} now and was ${before.evidence[name]}`;
    }
  }
  return 'the words differ, the numbers do not';
}
