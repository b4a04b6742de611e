import type { ClassificationEvaluation } from '../../learning/metrics/report.ts';
import { paramText } from '../../config/paramText.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { CandidateRow } from '../../store/types.ts';
import { describeCandidate, sortCandidates } from './candidates.ts';
import type { Drawing } from './draw.ts';
import { STYLE } from './reportStyle.ts';
import { escapeXml } from './svg.ts';
import { formatCount, formatError, formatNumber, printable } from './text.ts';

const MAX_LEADERBOARD = 50;

/**
 * One page about one model that opens without a network and runs nothing: what it predicts from what, how well, how it
 * was chosen, what it relies on and where it came from (a model card after Mitchell et al., FAT* 2019).
 */
export function renderReport(
  report: Drawing & { metric: MetricName; pictures: Record<string, string> },
): string {
  const { name, run } = report;
  const title = html(`${name}, training run ${run}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${[header(report), tiles(report), gallery(report), metricTable(report), classTable(report), leaderboard(report), signature(report), lineage(report)].join('\n')}
<footer>Written by Perennial. Intervals are the value ± 1.96 standard errors and take the rows as independent of each other.</footer>
</main>
</body>
</html>
`;
}

type Report = Parameters<typeof renderReport>[0];

function header({ name, run, stored, winner, candidates }: Report): string {
  const { task, inputs, target } = stored.signature;
  const what = {
    binary: 'one of two classes',
    multiclass: `one of ${stored.signature.classes?.length ?? 0} classes`,
    regression: 'a number',
  }[task];
  const chosen = winner
    ? ` Chosen of ${formatCount(candidates.length)} candidates: ${code(describeParams(winner))}.`
    : '';
  return `<header>
<p class="kicker">Model card · training run ${run}</p>
<h1>${html(name)}</h1>
<p class="lead">Predicts ${code(target)} (${what}) from ${formatCount(inputs.length)} columns.${chosen}${calibration(stored.calibrate)}</p>
</header>`;
}

function calibration(method: Report['stored']['calibrate']): string {
  if (method === undefined) return '';
  const how = {
    sigmoid: 'sigmoids of the learner’s own (Platt)',
    isotonic: 'isotonic regression on the learner’s own',
  }[method];
  return ` Its probabilities are calibrated: ${how}, fitted on rows that each fold left out. Scores in cross-validation are of those without it.`;
}

/** The numbers that a reader looks for first. */
function tiles({ stored, metric, candidates, winner }: Report): string {
  const { evaluation, rows } = stored;
  const value = evaluation.metrics[metric];
  const cv = candidates.find((candidate) => candidate.index === winner?.index);
  const tile = (label: string, figure: string, note: string): string =>
    `<div class="tile"><span>${label}</span><strong>${figure}</strong><small>${note}</small></div>`;
  return `<section class="tiles">
${tile(`${METRICS[metric].title} on the hold-out`, value === undefined ? 'undefined' : formatNumber(value), interval(evaluation.standardErrors[metric]))}
${cv?.mean === undefined ? '' : tile('In cross-validation', formatNumber(cv.mean), `± ${formatError(cv.std ?? 0)} over the folds`)}
${tile('Fitted on', formatCount(rows.refit), `of ${formatCount(rows.train)} training rows`)}
${tile('Scored on', formatCount(rows.evaluated), `of ${formatCount(rows.test)} hold-out rows`)}
</section>`;
}

function gallery({ pictures }: Report): string {
  const figures = Object.entries(pictures).map(([name, svg]) => {
    const alt = /aria-label="([^"]*)"/.exec(svg)?.[1] ?? name;
    const wide = Number(/ width="(\d+)"/.exec(svg)?.[1]) > HALF_PAGE_PX ? ' class="wide"' : '';
    // As an image a picture keeps its ids to itself and cannot run anything.
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    return `<figure${wide}><img alt="${alt}" src="${source}"></figure>`;
  });
  return `<section class="gallery">\n${figures.join('\n')}\n</section>`;
}

/** Wider pictures would be shrunk beyond reading beside another. */
const HALF_PAGE_PX = 620;

function metricTable({ stored, metric }: Report): string {
  const { metrics, standardErrors, rows } = stored.evaluation;
  const lines = (Object.keys(METRICS) as MetricName[])
    .filter((name) => METRICS[name].tasks.some((task) => task === stored.evaluation.task))
    .map((name) => {
      const value = metrics[name];
      const cells = [
        `${METRICS[name].title}${name === metric ? ' <em>selected by</em>' : ''}`,
        value === undefined ? 'undefined on these rows' : formatNumber(value),
        interval(standardErrors[name]),
        `${METRICS[name].better} is better`,
      ];
      return row(cells, name === metric);
    });
  return section(
    'Metrics',
    `On ${formatCount(rows)} hold-out rows.`,
    table(['Metric', '#Value', '#95 % interval', ''], lines),
  );
}

function classTable({ stored: { evaluation } }: Report): string {
  if (evaluation.task === 'regression') return '';
  const { classes, report }: ClassificationEvaluation = evaluation;
  const scores = [...report.perClass, report.macro, report.weighted];
  const names = [...classes.map(html), '<em>macro average</em>', '<em>weighted average</em>'];
  const lines = scores.map(({ precision, recall, f1, support }, i) =>
    row([names[i], precision.toFixed(4), recall.toFixed(4), f1.toFixed(4), formatCount(support)]),
  );
  return section('By class', '', table(['Class', '#Precision', '#Recall', '#F1', '#Rows'], lines));
}

function leaderboard({ stored, candidates, metric, winner }: Report): string {
  const scored = sortCandidates(candidates, metric);
  const lines = scored
    .slice(0, MAX_LEADERBOARD)
    .map((candidate, i) =>
      row(
        [
          String(i + 1),
          `${html(describeCandidate(candidate, scored))}${unfinished(candidate)}`,
          formatNumber(candidate.mean),
          `± ${formatError(candidate.std)}`,
        ],
        candidate.index === winner?.index,
      ),
    );
  const left = scored.length - lines.length;
  const refused = candidates
    .filter(({ mean }) => mean === undefined)
    .slice(0, MAX_LEADERBOARD)
    .map(({ learner, status, reason }) =>
      row(['', `${html(learner)} <em>${status}: ${html(reason ?? '')}</em>`, '', '']),
    );
  const note = `${METRICS[metric].title}, mean and standard deviation over the folds.${left > 0 ? ` ${formatCount(left)} more are kept with the run.` : ''}${stored.choice ? ` ${html(stored.choice.reason)}` : ''}`;
  return section('Candidates', note, table(['', 'Candidate', '#Mean', '#Deviation'], [...lines, ...refused]));
}

/** A fit that was stopped before its optimum has a score all the same, which more iterations may change. */
function unfinished({ folds = [] }: CandidateRow): string {
  const short = folds.filter(({ converged }) => converged === 0).length;
  return short > 0 ? ` <em>not converged in ${short} of ${folds.length} folds</em>` : '';
}

function signature({ stored }: Report): string {
  const { inputs, outputs } = stored.signature;
  const importance = new Map(stored.importance.map(({ column, mean }) => [column, mean]));
  const lines = inputs.map(({ name, columnType }) => {
    const worth = importance.get(name);
    return row([code(name), columnType, worth === undefined ? '' : formatNumber(worth)]);
  });
  const answers = outputs
    .map(({ name, type, shape }) => `${code(name)} ${type} [${shape.join(', ')}]`)
    .join(', ');
  return section(
    'Inputs and outputs',
    `Answers ${answers}.`,
    table(['Input column', 'Type', '#Importance'], lines),
  );
}

function lineage({ lineage: digests, run }: Report): string {
  const lines = Object.entries(digests).map(([of, digest]) =>
    row([html(of), `<code class="digest">${html(digest)}</code>`]),
  );
  return section('Lineage', `SHA-256 of what run ${run} read and wrote.`, table(['Of', 'Digest'], lines));
}

function section(title: string, note: string, body: string): string {
  return `<section>\n<h2>${title}</h2>\n${note === '' ? '' : `<p>${note}</p>\n`}${body}\n</section>`;
}

/** A heading that begins with # is over figures. Cells are HTML already. */
function table(headings: string[], rows: Row[]): string {
  const sides = headings.map((heading) => (heading.startsWith('#') ? ' class="figures"' : ''));
  const head = headings.map((heading, i) => `<th${sides[i]}>${heading.replace('#', '')}</th>`).join('');
  const body = rows.map(({ cells, marked }) => {
    const tds = cells.map((cell, i) => `<td${sides[i]}>${cell}</td>`).join('');
    return `<tr${marked ? ' class="marked"' : ''}>${tds}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

interface Row {
  cells: string[];
  marked: boolean;
}

function row(cells: string[], marked = false): Row {
  return { cells, marked };
}

function interval(standardError: number | undefined): string {
  return standardError === undefined ? '' : `± ${formatError(1.96 * standardError)}`;
}

function describeParams({ learner, params }: NonNullable<Report['winner']>): string {
  const list = Object.entries(params).map(([name, value]) => `${name} ${paramText(value)}`);
  return list.length === 0 ? learner : `${learner}: ${list.join(', ')}`;
}

function html(text: string): string {
  return escapeXml(printable(text));
}

function code(text: string): string {
  return `<code>${html(text)}</code>`;
}
