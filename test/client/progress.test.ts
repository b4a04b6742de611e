import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { progressFrame } from '../../client/terminal/progressFrame.ts';
import { progressLines } from '../../client/terminal/progressLines.ts';
import { STAGES, type Stage, type TrainingProgress } from '../../workflows/messages.ts';

/** How a training is drawn on a terminal and told to a log. */

const plain = pc.createColors(false);
const view = {
  columns: 80,
  tick: 0,
  colors: plain,
  elapsedMs: (stage: Stage) => (stage === 'search' ? 75_000 : 1_234),
};

function at(running: Stage, more: Partial<TrainingProgress> = {}): TrainingProgress {
  const now = STAGES.indexOf(running);
  const stages = STAGES.map((stage, i) => ({
    stage,
    state: i < now ? ('done' as const) : i === now ? ('running' as const) : ('waiting' as const),
    ...(i < now ? { note: `${stage} was done` } : {}),
  }));
  return { name: 'flights', run: 1, stages, ...more };
}

const searching = at('search', {
  metric: { name: 'rocAuc', better: 'higher' },
  candidates: { total: 16, done: 6, failed: 2, running: 3, parallelism: 4 },
  best: { index: 1, learner: 'logistic', params: { l2: 0.1 }, mean: 0.67123, std: 0.0021 },
});

test('the search has a bar, its counts, and the best so far', () => {
  expect(progressFrame(searching, view)).toEqual([
    '  ✔ ingest    ingest was done                                             1.2 s',
    '  ✔ validate  validate was done                                           1.2 s',
    '  ✔ featurize featurize was done                                          1.2 s',
    '  ⠋ search    ██████████░░░░░░░░░░ 8/16, 3 running, 2 failed           1:15 min',
    '              best logistic l2=0.1, rocAuc 0.67123 ± 0.00210',
    '  · evaluate',
    '  · register',
  ]);
});

test.each([30, 60, 100, 200])(
  'no line is wider than a terminal of %i columns, so that redrawing is exact',
  (columns) => {
    const noted = at('evaluate', { best: searching.best });
    for (const progress of [searching, noted, at('ingest')]) {
      for (const line of progressFrame(progress, { ...view, columns }))
        expect([...line].length).toBeLessThanOrEqual(columns);
    }
  },
);

test('colours change nothing in the text', () => {
  const colored = progressFrame(searching, { ...view, colors: pc.createColors(true) });
  expect(colored.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
    progressFrame(searching, view),
  );
});

test('a log gets a line per change and none where nothing changed', () => {
  const elapsed = (): number => 1_500;
  expect(progressLines(undefined, at('validate'), elapsed)).toEqual([
    'ingest done (1.5 s): ingest was done',
    'validate ...',
  ]);
  expect(progressLines(at('validate'), at('validate'), elapsed)).toEqual([]);
  expect(progressLines(at('search'), searching, elapsed)).toEqual([
    'search 8 of 16 candidates; best logistic l2=0.1, rocAuc 0.67123 ± 0.00210',
  ]);
});

test('a search of 10,000 candidates fills no log', () => {
  let before = at('search');
  let lines = 0;
  for (let done = 1; done <= 10_000; done++) {
    const now = { ...before, candidates: { total: 10_000, done, failed: 0, running: 1, parallelism: 1 } };
    lines += progressLines(before, now, () => undefined).length;
    before = now;
  }
  expect(lines).toBe(20);
});
