import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainRollout } from '../../client/explainRollout.ts';
import { explainText, lookText } from '../../client/terminal/explainText.ts';
import type { CanaryCounts } from '../../decisions/canary/counts.ts';
import { judgeCanary, judgeProbation } from '../../decisions/canary/judge.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';
import type { RolloutRow } from '../../store/rolloutTypes.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { registerVersions } from '../store/rolloutBench.ts';

/** Every verdict that was kept is recomputed from the counts that were kept, and a verdict that was changed is found. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const policy = canarySchema.parse({ minDurationMs: 4_000, probationMs: 4_000, guards: { latency: false } });

/** 1,000 keys more a look, as the champion's and the challenger's shares are; the probation from the sixth on. */
function countsAt(look: number, challengerErrors = 0): CanaryCounts {
  const arm = (keys: number, errorKeys = 0) => ({
    requests: keys,
    keys,
    errorKeys,
    slowKeys: 0,
    dueKeys: 0,
    labelledKeys: 0,
  });
  const shared = Math.min(look, 5);
  const first = {
    stage: 0,
    weight: 0.5,
    champion: arm(shared * 500),
    challenger: arm(shared * 500, challengerErrors),
  };
  const probation = look > 5;
  return {
    at: new Date(Date.UTC(2026, 0, 1) + look * 2_000).toISOString(),
    stageMs: (probation ? look - 5 : look) * 2_000,
    elapsedMs: look * 2_000,
    stages: probation
      ? [first, { stage: 1, weight: 1, champion: arm(0), challenger: arm((look - 5) * 1_000) }]
      : [first],
    dropped: 0,
    custom: [],
  };
}

async function rolledOut(name: string, tampered?: number): Promise<RolloutRow> {
  const { store } = bench;
  await registerVersions(store, name, 2);
  const number = await store.rollouts.nextNumber(name);
  const id = `rollout/${name}/${number}`;
  const row = await store.rollouts.open({
    name,
    number,
    id,
    executionId: randomUUID(),
    challengerVersion: 2,
    policy,
    startedBy: 'tester',
  });
  for (let index = 1; index <= 7; index++) {
    const counts = countsAt(index);
    const judged = index > 5 ? judgeProbation(counts, policy) : judgeCanary(counts, policy);
    const verdict = index === tampered ? judgeCanary(countsAt(index, 400), policy) : judged;
    await store.rollouts.recordLook(name, number, { index, stage: index > 5 ? 1 : 0, counts, verdict });
  }
  await store.rollouts.close(name, number, { status: 'promoted', reason: 'Every guard passes.' });
  return (await store.rollouts.get(name, number)) ?? row;
}

test('verdicts that are kept as they were taken agree to the last digit, those of the probation too', async () => {
  const explanation = await explainRollout(bench.store, await rolledOut('honest'));
  expect(explanation).toMatchObject({ agrees: true, rollout: { status: 'promoted' } });
  expect(explanation.looks.map(({ index, agrees }) => ({ index, agrees }))).toEqual(
    Array.from({ length: 7 }, (_, i) => ({ index: i + 1, agrees: true })),
  );
  expect(explanation.looks.at(-1)?.recomputed.action).toBe('promote');
  expect(explanation.audit.map(({ action }) => action)).toEqual(['rollout.open', 'rollout.close']);
  const text = explainText(explanation, pc.createColors(false));
  expect(text).toContain('all 7 verdicts are the same, digit for digit');
});

test('a verdict that is not what its counts give is found, and what is otherwise is told', async () => {
  const explanation = await explainRollout(bench.store, await rolledOut('tampered', 3));
  expect(explanation.agrees).toBe(false);
  expect(explanation.looks.filter(({ agrees }) => !agrees)).toMatchObject([
    { index: 3, difference: 'the counts give promote, kept is rollback' },
  ]);
  const text = explainText(explanation, pc.createColors(false));
  expect(text).toContain('1 of 7 verdicts differ');
  expect(text).toContain('look 3: the counts give promote, kept is rollback');
});

test('the table has the looks at which something changed; --all has each; one look is shown in full', async () => {
  const explanation = await explainRollout(bench.store, await rolledOut('table'));
  const colors = pc.createColors(false);
  const looksIn = (text: string): number[] =>
    text.split('\n').flatMap((line) => {
      const found = /^ {2} +(\d+) .* (continue|promote)$/.exec(line)?.[1];
      return found === undefined ? [] : [Number(found)];
    });
  expect(looksIn(explainText(explanation, colors))).toEqual([1, 2, 6, 7]);
  expect(looksIn(explainText(explanation, colors, { all: true }))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const look = explanation.looks[1];
  if (!look) throw new Error('there is no second look');
  const full = lookText(look, 1, colors);
  for (const [name, value] of Object.entries(look.verdict.guards[0]?.evidence ?? {}))
    expect(full).toContain(`${name} ${value}`);
  expect(full.replace(/\s+/g, ' ')).toContain(look.verdict.guards[0]?.sentence);
  expect(stripVTControlCharacters(lookText(look, 1, pc.createColors(true)))).toBe(full);
});
