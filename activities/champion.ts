import { withSession } from '../compute/session.ts';
import { computeMetrics } from '../learning/metrics/compute.ts';
import type { MetricName } from '../learning/metrics/names.ts';
import type { ModelVersionRow, Signature, Store } from '../store/types.ts';
import type { EvaluateResult } from '../workflows/messages.ts';
import type { FeatureFacts } from './features.ts';
import { scoreHoldOut, type HoldOut } from './score.ts';

/** The current champion's metric on these hold-out rows, or why it cannot answer them. */
export async function scoreChampion(
  store: Store,
  champion: ModelVersionRow | undefined,
  holdOut: HoldOut & { facts: FeatureFacts },
  metric: MetricName,
): Promise<EvaluateResult['champion']> {
  const { table, facts, definition } = holdOut;
  if (!champion) return undefined;
  const { version, signature } = champion;
  const incomparable = difference(signature, facts, table.columns(), definition.target);
  if (incomparable !== undefined) return { version, incomparable };
  const { y, predictions } = await withSession(await store.artifacts.get(champion.digest), (session) =>
    scoreHoldOut(session, holdOut),
  );
  const value = computeMetrics(facts.task, facts.classes?.length ?? 1, facts.positive, y, predictions)[
    metric
  ];
  return value === undefined
    ? { version, incomparable: `${metric} is undefined for it` }
    : { version, metric: value };
}

function difference(
  signature: Signature,
  facts: FeatureFacts,
  columns: readonly { name: string; type: string }[],
  target: string,
): string | undefined {
  if (signature.task !== facts.task) return `it solves a ${signature.task} task`;
  if (signature.target !== target) return `it predicts ${signature.target}`;
  if (JSON.stringify(signature.classes) !== JSON.stringify(facts.classes)) return 'its classes are others';
  for (const { name, columnType } of signature.inputs) {
    const column = columns.find((c) => c.name === name);
    if (!column) return `the dataset lacks its column ${name}`;
    if (column.type !== columnType) return `its column ${name} was a ${columnType} and is a ${column.type}`;
  }
  return undefined;
}
