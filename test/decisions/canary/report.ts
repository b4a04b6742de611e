import { writeFileSync } from 'node:fs';
import * as cases from './cases.ts';
import { naiveFails } from './naive.ts';
import { falsePasses, keysToMismatch } from './constants.ts';
import { drawCanary, type Curve } from './picture.ts';
import { SEED, judgeFails, play, quantile, shareOf, watch, type Rollout, type Study } from './studies.ts';
import { twoArmSequencePasses } from './twoSequences.ts';

/**
 * Plays every simulation of docs/canary.md at its full size and prints its tables: some eight minutes of one core. With the
 * names of parts, those alone; `rollbacks` draws the picture. Always the same numbers.
 *
 *     npx tsx test/decisions/canary/report.ts [rollbacks] [promotions] [margins] [doubts] [constants]
 */

const PICTURE = new URL('../../../docs/pictures/canary.svg', import.meta.url);
const PARTS: Record<string, () => void | Promise<void>> = {
  rollbacks: async () => writeFileSync(PICTURE, await drawCanary([...noWorse(), ...worse()])),
  promotions: promoted,
  margins,
  doubts: broken,
  constants,
};

print(`Seed ${SEED}; of rollout i of a study \`deriveSeed(${SEED}, name, i)\`.`);
const named = process.argv.slice(2);
for (const part of named.length > 0 ? named : Object.keys(PARTS)) await PARTS[part]();

/** Curves of rollbacks that should not be. */
function noWorse(): Curve[] {
  const { equalAll, heavyUsers, doomedUsers, lateLabels } = cases;
  const drawn = watch(equalAll, {
    judge: judgeFails,
    naive: (counts, { alpha }) => naiveFails(counts, alpha),
  });
  const heavy = watch(heavyUsers, {
    judge: judgeFails,
    byRequest: (counts, policy, traffic) => judgeFails({ ...counts, stages: traffic.byRequest }, policy),
  });
  const once = watch(doomedUsers, { judge: judgeFails });
  const perStage = watch(
    { ...doomedUsers, world: { ...doomedUsers.world, everyStage: true } },
    { judge: judgeFails },
  );
  const late = watch(lateLabels, { judge: judgeFails });
  const row = (study: Study, test: string, first: readonly number[]) => [
    study.name,
    test,
    count(study.rollouts),
    count(study.requests),
    count(Math.ceil(study.requests / study.lookEvery)),
    percent(first.filter(Number.isFinite).length / first.length),
  ];
  table(
    ['no worse', 'test', 'rollouts', 'requests', 'looks', 'rolled back'],
    [
      row(equalAll, 'the verdict', drawn.judge),
      row(equalAll, 'z-tests', drawn.naive),
      row(heavyUsers, 'the verdict', heavy.judge),
      row(heavyUsers, 'the verdict, requests counted', heavy.byRequest),
      row(doomedUsers, 'the verdict', once.judge),
      row(doomedUsers, 'the verdict, keys counted in every stage', perStage.judge),
      row(lateLabels, 'the verdict', late.judge),
    ],
  );
  return [
    { panel: 'equal', name: 'z-tests at 1 %', first: drawn.naive, until: equalAll.requests },
    { panel: 'equal', name: 'Perennial at 1 %', first: drawn.judge, until: equalAll.requests },
  ];
}

function worse(): Curve[] {
  const studies = {
    '5 times the errors': cases.fiveTimesErrors,
    '2 % errors for none': cases.firstErrors,
    '5 times as often slow': cases.fiveTimesSlow,
    '2 points less accurate': cases.twoPointsWorse,
  };
  const row = (study: Study, rollouts: readonly Rollout[]) => [
    study.name,
    percent(shareOf(rollouts, 'rollback')),
    percent(shareOf(rollouts, 'promote')),
    atMost(quantile(rollouts, 'rollback', 0.5)),
    atMost(quantile(rollouts, 'rollback', 0.9)),
    study.world.labels ? atMost(quantile(rollouts, 'rollback', 0.5, 'pairs')) : '',
  ];
  const played = Object.values(studies).map((study) => ({ study, rollouts: play(study) }));
  const late = play(cases.twoPointsLate);
  const bounds = [
    cases.atBound({ champion: 0, challenger: 0.005 }),
    cases.atBound({ champion: 0.001, challenger: 0.006 }),
    cases.atBound({ champion: 0.005, challenger: 0.01 }),
    cases.atBound({ champion: 0.02, challenger: 0.04 }),
    cases.heavyAtBound,
    cases.rareDisagreement,
  ];
  table(
    ['worse', 'rolled back', 'promoted', 'requests, median', '90 %', 'labelled keys, median'],
    [
      ...played.map(({ study, rollouts }) => row(study, rollouts)),
      row(cases.twoPointsLate, late),
      ...bounds.map((study) => row(study, play(study))),
    ],
  );
  return Object.keys(studies).map((name, i) => ({
    panel: 'worse',
    name,
    first: played[i].rollouts.map(({ action, requests }) => (action === 'rollback' ? requests : Infinity)),
    until: 12_000,
  }));
}

/** How many requests a challenger that is equal needs. */
function promoted(): void {
  const row = (name: string, study: Study, of: 'requests' | 'pairs' = 'requests') => {
    const rollouts = play(study);
    return [
      name,
      percent(shareOf(rollouts, 'promote')),
      percent(shareOf(rollouts, 'rollback')),
      ...[0.5, 0.9].map((q) => atMost(quantile(rollouts, 'promote', q, of))),
    ];
  };
  const rates = [0, 0.001, 0.005, 0.02];
  const title = (rate: number) => `${100 * rate} % errors`;
  const often = (rate: number) => ({
    ...cases.promotion(rate),
    world: { ...cases.promotion(rate).world, slow: { champion: 0.05, challenger: 0.05 } },
  });
  table(
    ['equal: keys needed', 'promoted', 'rolled back', 'median', '90 %'],
    [
      ...rates.map((rate) => row(`${title(rate)}, defaults`, cases.promotion(rate))),
      ...rates.map((rate) =>
        row(`${title(rate)}, no latency guard`, cases.promotion(rate, { guards: { latency: false } })),
      ),
      row('0 % errors, latency maxRatio 3', cases.promotion(0, { guards: { latency: { maxRatio: 3 } } })),
      row('0 % errors, 5 % slow (as above a p95)', often(0)),
      row('0 % errors, steps 10 and 50', cases.promotion(0, { steps: [10, 50] })),
      row('0 % errors, steps 50', cases.promotion(0, { steps: [50] })),
    ],
  );
  const labels: [number, number, number][] = [
    [0.02, 0, 0.01],
    [0.1, 0, 0.01],
    [0.2, 0, 0.01],
    [0.1, 0, 0.02],
    [0.2, 0, 0.03],
    [0.1, 0.02, 0.01],
    [0.2, 0.02, 0.02],
  ];
  table(
    ['accuracy: labelled keys needed', 'promoted', 'rolled back', 'median', '90 %'],
    labels.map(([disagree, better, margin]) =>
      row(
        `${percent(disagree)} differ, ${better > 0 ? `${100 * better} points better` : 'equal'}, margin ${margin}`,
        cases.promotionByLabels(disagree, better, margin),
        'pairs',
      ),
    ),
  );
}

/** The absolute margin, and what two confidence sequences would need instead. */
function margins(): void {
  const rows = [0, 0.001, 0.003, 0.005].map((rate) => {
    const median = (margin: number) => {
      const study = cases.promotion(rate, { guards: { latency: false, errors: { margin } } });
      return atMost(quantile(play({ ...study, rollouts: 100 }), 'promote', 0.5));
    };
    const union = watch(
      { ...cases.promotion(rate), rollouts: 100 },
      { passes: twoArmSequencePasses(0.005) },
    ).passes;
    union.sort((a, b) => a - b);
    return [`${100 * rate} % errors`, ...[0.0025, 0.005, 0.01].map(median), atMost(union[50])];
  });
  table(['keys, median', 'margin 0.0025', '0.005', '0.01', 'two sequences, 0.005'], rows);
}

function broken(): void {
  const trueWeight = (weight: number): Study => ({
    ...cases.mismatch,
    name: `${100 * weight} % of the keys where 10 % were asked for`,
    world: { ...cases.mismatch.world, trueWeight: weight },
  });
  table(
    ['broken', 'held', 'promoted', 'rolled back', 'requests to the hold, median'],
    [trueWeight(0.08), trueWeight(0.11), trueWeight(0.12), trueWeight(0.2), cases.unequalLabels].map(
      (study) => {
        const rollouts = play(study);
        return [
          study.name,
          ...(['hold', 'promote', 'rollback'] as const).map((action) => percent(shareOf(rollouts, action))),
          atMost(quantile(rollouts, 'hold', 0.5)),
        ];
      },
    ),
  );
}

function constants(): void {
  table(
    ['cautious pairs', 'passes of a challenger worse by the margin on 1 % of the rows'],
    [0, 1, 2, 3].map((pairs) => [String(pairs), percent(falsePasses(pairs))]),
  );
  table(
    ['strength of the prior on the split', 'keys to a doubt at 11 % instead of 10 %, median', 'at 15 %'],
    [10, 100, 1000].map((strength) => [
      count(strength),
      ...[0.11, 0.15].map((share) => count(keysToMismatch(share, strength))),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  print(['', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function atMost(value: number): string {
  return Number.isFinite(value) ? count(value) : 'not reached';
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
