import type { ColumnFacts, Shift } from '../../decisions/watch/facts.ts';
import type { WindowVerdict } from '../../decisions/watch/verdict.ts';
import type { WindowRow } from '../../store/lifecycleTypes.ts';
import type { WatchFailures } from '../../workflows/lifecycleMessages.ts';
import { count } from './format.ts';
import { clock } from './lifecycleText.ts';
import { bar, fit } from './parts.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

/** Windows of a watch, newest first. */
export function windowTable(windows: readonly WindowRow[], colors: Colors): string {
  const { dim } = colors;
  const head = ['window', 'until (UTC)', 'rows', 'version', 'state', 'drifted', 'quality'];
  return table(
    [
      head.map((cell) => dim(cell)),
      ...windows.map(({ number, to, facts, version, verdict }) => [
        String(number),
        clock(to),
        count(facts.rows),
        `@${version}`,
        paint(verdict.state, colors)(verdict.state),
        fit(driftedText(verdict), 40),
        qualityText(verdict),
      ]),
    ],
    { right: [0, 2] },
  );
}

/** What a watch could not do when it last tried. */
export function failuresText(failures: WatchFailures, { dim, red }: Colors): string {
  return table(
    (Object.keys(FAILED) as (keyof WatchFailures)[])
      .filter((which) => failures[which] !== undefined)
      .map((which) => [red('failed'), dim(FAILED[which]), failures[which] ?? '']),
  );
}

const FAILED: Record<keyof WatchFailures, string> = {
  definition: 'reading the definition',
  labels: 'asking for labels',
  sources: 'looking at the sources',
  window: 'looking at the window',
};

/** One window: what it says, why, and how far every column is from its reference. */
export function windowText({ name, ...window }: WindowRow, colors: Colors): string {
  const { bold, dim, red } = colors;
  const { number, version, from, to, facts, verdict, signal, pictureDigest } = window;
  const alarms = ALARMS.filter((alarm) => signal[alarm]).map((alarm) => ALARM_TEXT[alarm]);
  const shifts = shiftsOf(window);
  return [
    `${bold(`watch/${name}`)}  window ${number}: ${paint(verdict.state, colors)(verdict.state)}`,
    table([
      [dim('from'), `${clock(from)} until ${clock(to)}`],
      [dim('version'), `${name}@${version}`],
      [dim('rows'), `${count(facts.rows)}, of which ${count(facts.compared)} were compared`],
      [dim('says'), verdict.reason],
      [dim('together'), `${alarms.length > 0 ? `${red(alarms.join(', '))}. ` : ''}${signal.reason}`],
      [dim('quality'), qualityText(verdict)],
      ...verdict.faults.map(({ kind, message }) => [dim('fault'), `${kind}: ${message}`]),
      ...(pictureDigest === undefined
        ? []
        : [[dim('picture'), `npx perennial watch show ${name} --window ${number} --picture window.svg`]]),
    ]),
    '',
    table([
      ['what', 'effect', '', 'p', 'test', ''].map((cell) => dim(cell)),
      ...shifts
        .slice(0, MAX_SHIFTS)
        .map(({ what, shift, mark }) => [
          fit(what, 30),
          bar(shift.effect, BAR),
          shift.effect.toFixed(3),
          probability(shift.p),
          shift.test,
          mark === 'differs' ? red(mark) : dim(mark),
        ]),
    ]),
    ...(shifts.length > MAX_SHIFTS ? [dim(`  and ${shifts.length - MAX_SHIFTS} more; --json has all`)] : []),
  ].join('\n');
}

const BAR = 20;
const MAX_SHIFTS = 30;
const ALARMS = ['fault', 'belowFloor', 'drift', 'fall'] as const;
const ALARM_TEXT: Record<(typeof ALARMS)[number], string> = {
  fault: 'broken data',
  belowFloor: 'quality is below the floor',
  drift: 'drift',
  fall: 'quality fell',
};

interface Shown {
  what: string;
  shift: Shift;
  mark: string;
}

/** The score and the label first, then the columns, the largest effect first. */
function shiftsOf({ facts, verdict }: Pick<WindowRow, 'facts' | 'verdict'>): Shown[] {
  const { prediction, label, columns } = facts;
  const drifted = new Set(verdict.drifted.map(({ column }) => column));
  const markOf = ({ column, ignored }: ColumnFacts): string =>
    drifted.has(column) ? 'differs' : ignored ? 'ignored' : '';
  return [
    ...(prediction
      ? [{ what: '(score)', shift: prediction, mark: verdict.predictionDrifted ? 'differs' : '' }]
      : []),
    ...(label ? [{ what: '(label)', shift: label, mark: verdict.labelDrifted ? 'differs' : '' }] : []),
    ...[...columns]
      .sort((a, b) => b.effect - a.effect)
      .map((column) => ({ what: column.column, shift: column, mark: markOf(column) })),
  ];
}

function driftedText({ drifted, predictionDrifted, labelDrifted }: WindowVerdict): string {
  return [
    ...(labelDrifted ? ['(label)'] : []),
    ...(predictionDrifted ? ['(score)'] : []),
    ...drifted.map(({ column }) => column),
  ].join(', ');
}

/** By labels where there are any, else the estimate. */
function qualityText({ quality, estimated }: WindowVerdict): string {
  if (quality !== 'unknown') return quality;
  return estimated === 'unknown' ? 'unknown' : `${estimated} (estimated)`;
}

function probability(p: number): string {
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}

function paint(state: WindowVerdict['state'], { dim, green, red, yellow }: Colors): Colors['dim'] {
  return { clean: green, shifted: yellow, fault: red, insufficient: dim }[state];
}
