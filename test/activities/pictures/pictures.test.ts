import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { drawCandidates, describeCandidate } from '../../../activities/pictures/candidates.ts';
import { drawPictures } from '../../../activities/pictures/draw.ts';
import { toSvg } from '../../../activities/pictures/svg.ts';
import { formatError, formatNumber, labelsOf } from '../../../activities/pictures/text.ts';
import { HOSTILE, exampleDrawing } from './example.ts';
import { tagsOf } from './xml.ts';

const kinds = ['binary', 'multiclass', 'regression'] as const;

describe('an evaluation as pictures', () => {
  it('has those of its task', async () => {
    const names = async (task: (typeof kinds)[number]) =>
      Object.keys((await drawPictures(exampleDrawing(task))).pictures);
    expect(await names('binary')).toEqual([
      'candidates',
      'importance',
      'contributions',
      'dependence',
      'confusion',
      'roc',
      'precision-recall',
      'calibration',
    ]);
    expect(await names('multiclass')).toEqual(await names('binary'));
    expect(await names('regression')).toEqual([
      'candidates',
      'importance',
      'contributions',
      'dependence',
      'predicted-vs-actual',
      'residuals',
    ]);
  });

  it('leaves out what there is nothing to draw of', async () => {
    const drawing = exampleDrawing('binary');
    drawing.candidates = [];
    drawing.stored.importance = [];
    drawing.explanation = { contributions: { reason: 'it is none' }, partialDependence: [], curves: [] };
    expect(Object.keys((await drawPictures(drawing)).pictures)).toEqual([
      'confusion',
      'roc',
      'precision-recall',
      'calibration',
    ]);
  });

  it.each(kinds)('can be drawn of names that every JavaScript object has: %s', async (task) => {
    const names = ['late', 'constructor', 'toString', '__proto__', 'valueOf'];
    const plain = Object.keys((await drawPictures(exampleDrawing(task))).pictures);
    expect(Object.keys((await drawPictures(exampleDrawing(task, names))).pictures)).toEqual(plain);
  });

  it.each(kinds)(
    'is well-formed XML that loads and runs nothing, whatever people call things: %s',
    async (task) => {
      const { pictures } = await drawPictures(exampleDrawing(task, HOSTILE));
      for (const [name, svg] of Object.entries(pictures)) {
        const tags = tagsOf(svg);
        expect(tags[0].name, name).toBe('svg');
        const allowed = new Set([
          'svg',
          'g',
          'rect',
          'path',
          'line',
          'text',
          'tspan',
          'defs',
          'clipPath',
          'linearGradient',
          'stop',
        ]);
        for (const tag of tags) {
          expect(allowed, `${name} has <${tag.name}>`).toContain(tag.name);
          for (const [attribute, value] of Object.entries(tag.attributes)) {
            expect(attribute, name).not.toMatch(/^on|href$/i);
            if (attribute !== 'aria-label') expect(value, name).not.toMatch(/javascript:|url\((?!#)/i);
          }
        }
      }
      // The names are there, as text.
      expect(Object.values(pictures).some((svg) => svg.includes('&lt;script&gt;'))).toBe(true);
    },
  );

  it('is the same to the byte: at the same time, again, in another process in another order', async () => {
    const digestOf = async (task: (typeof kinds)[number]): Promise<string> =>
      createHash('sha256')
        .update((await drawPictures(exampleDrawing(task))).report)
        .digest('hex');
    const all = await Promise.all(kinds.map(digestOf));
    expect(await digestOf('binary')).toBe(all[0]);
    const script = fileURLToPath(new URL('./drawElsewhere.ts', import.meta.url));
    const elsewhere = execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' });
    expect(elsewhere.trim().split('\n').reverse()).toEqual(all);
  });
});

describe('the candidates', () => {
  it('are 40 bars of 500, and say how the others did', async () => {
    const rows = Array.from({ length: 500 }, (_, index) =>
      candidate(index, { trees: index }, 0.5 + index / 1000),
    );
    const svg = (await drawCandidates(rows, 'accuracy', 499)) ?? '';
    const bars = textsOf(svg).filter((text) => text.includes('forest: trees'));
    expect(bars).toHaveLength(40);
    expect(bars[0]).toBe('★ forest: trees 499');
    expectText(svg, 'The best 40 of 500; the others lie from 0.9590 to 0.5000.');
  });

  it('come in the order of an error too', async () => {
    const rows = [
      candidate(0, { trees: 1 }, 3),
      candidate(1, { trees: 2 }, 1),
      candidate(2, { trees: 3 }, 2),
    ];
    const svg = (await drawCandidates(rows, 'rmse', 1)) ?? '';
    expect(textsOf(svg).filter((text) => text.includes('forest: '))).toEqual([
      '★ forest: trees 2',
      'forest: trees 3',
      'forest: trees 1',
    ]);
  });

  it('name the hyperparameters in which they differ', () => {
    const rows = [candidate(0, { trees: 10, depth: 4 }, 1), candidate(1, { trees: 10, depth: null }, 1)];
    expect(rows.map((row) => describeCandidate(row, rows))).toEqual([
      'forest: depth 4',
      'forest: depth none',
    ]);
    expect(describeCandidate(rows[0], [rows[0]])).toBe('forest');
  });
});

describe('the report', () => {
  it.each(kinds)('needs no network and runs no script: %s', async (task) => {
    const { report } = await drawPictures(exampleDrawing(task, HOSTILE));
    // Tags with the names of their attributes alone: a value is text, whatever stands in it.
    const tags = (report.match(/<\/?[a-z][^>]*>/gi) ?? []).map((tag) => tag.replace(/="[^"]*"/g, '='));
    expect(tags.length).toBeGreaterThan(50);
    const active = /^<(script|link|iframe|object|embed|base|form|svg)|\son\w+=/i;
    expect(tags.filter((tag) => active.test(tag))).toEqual([]);
    expect(report.includes('<script'), 'a script anywhere').toBe(false);
    for (const [, source] of report.matchAll(/src="([^"]*)"/g))
      expect(source).toMatch(/^data:image\/svg\+xml;base64,/);
    expect(/https?:\/\//.test(report), 'an address').toBe(false);
    expect(report.includes("default-src 'none'")).toBe(true);
  });

  it('holds metrics, intervals, classes, candidates, refusals and lineage', async () => {
    const drawing = exampleDrawing('multiclass');
    const { report, pictures } = await drawPictures(drawing);
    const text = report
      .replace(/src="[^"]*"/g, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');
    const { metrics, standardErrors } = drawing.stored.evaluation;
    expectText(
      text,
      `Accuracy selected by ${formatNumber(metrics.accuracy ?? 0)} ± ${formatError(1.96 * (standardErrors.accuracy ?? 0))}`,
    );
    expectText(text, 'weighted average');
    expectText(text, 'not converged in 1 of 2 folds');
    expectText(text, 'baselineForest refused: Takes at most 2,000 rows.');
    expectText(text, `dataset ${'d'.repeat(64)}`);
    expect(report.match(/<figure/g)).toHaveLength(Object.keys(pictures).length);
  });
});

describe('the report says what became of the probabilities:', () => {
  const lead = async (calibrate?: 'sigmoid' | 'isotonic'): Promise<string> => {
    const drawing = exampleDrawing('binary');
    const { report } = await drawPictures({ ...drawing, stored: { ...drawing.stored, calibrate } });
    return /<p class="lead">(.*)<\/p>/.exec(report)?.[1] ?? '';
  };

  it.each([
    ['sigmoid', 'calibrated: sigmoids of the learner’s own (Platt)'],
    ['isotonic', 'calibrated: isotonic regression on the learner’s own'],
  ] as const)('%s', async (method, words) => expectText(await lead(method), words));

  it('nothing where they are the learner’s own', async () =>
    expect(await lead()).not.toContain('calibrated'));
});

describe('labels', () => {
  it('differ where names differ, also when shortened', () => {
    const long = 'a'.repeat(100);
    const labels = labelsOf([`${long}x${long}`, `${long}y${long}`, 'x', 'x', '', ' ']);
    expect(new Set(labels).size).toBe(6);
    expect(Math.max(...labels.map((label) => label.length))).toBeLessThanOrEqual(40);
    expect(labels.slice(2)).toEqual(['x', 'x (2)', '(empty)', '(empty) (2)']);
  });

  it('hold no character that XML cannot', () => {
    expect(labelsOf(['a\u0000b\u001bc\ud800d\u202ee'])).toEqual(['a\ufffdb\ufffdc\ufffdd\ufffde']);
  });

  it.each([
    [0.661234, '0.6612'],
    [-16.923, '−16.92'],
    [1234567, '1,234,567'],
    [0, '0'],
    [0.00001234, '1.234e-5'],
    [12345.6, '12,346'],
  ])('%s is written %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it('give errors two digits', () =>
    expect([0.00599, 14.4, 0, 0.000012].map(formatError)).toEqual(['0.0060', '14', '0.0', '1.2e-5']));
});

it('a picture that wants to load something fails', async () => {
  const spec = { data: { url: 'file:///etc/passwd' }, mark: 'point', encoding: {} } as const;
  await expect(toSvg(spec, 'x')).rejects.toThrow(/must not load/);
});

function candidate(index: number, params: Record<string, number | null>, mean: number) {
  return { index, learner: 'forest', params, status: 'done' as const, mean, std: 0.01 };
}

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
}

/** Without the whole page in the message. */
function expectText(whole: string, part: string): void {
  expect(whole.includes(part), `the text ${part}`).toBe(true);
}
