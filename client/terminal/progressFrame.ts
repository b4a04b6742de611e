import type { CandidateScore, Stage, TrainingProgress } from '../../workflows/messages.ts';
import type { View } from './display.ts';
import { params, score } from './format.ts';
import { bar, clock, fit, SPINNER } from './parts.ts';
import type { Colors } from './terminal.ts';

/** How a training stands, drawn for a terminal: one line a stage, a bar and the current best under the search. */
export function progressFrame(progress: TrainingProgress, view: FrameView): string[] {
  const { colors, columns } = view;
  const lines: string[] = [];
  const timed = columns >= PREFIX + 20 + 1 + TIME;
  const room = Math.max(1, columns - 1 - PREFIX - (timed ? 1 + TIME : 0));
  for (const { stage, state, note } of progress.stages) {
    const time = state === 'waiting' || !timed ? '' : clock(view.elapsedMs(stage));
    const search = stage === 'search' && state === 'running' ? searchBar(progress) : undefined;
    const text = fit((search ?? note ?? '').split('\n', 1)[0] ?? '', room).padEnd(room);
    const name = stage.padEnd(NAME);
    lines.push(
      `  ${mark(state, view)} ${state === 'waiting' ? colors.dim(name) : name} ${paint(text, state, colors)} ${colors.dim(time.padStart(TIME))}`.trimEnd(),
    );
    if (stage === 'search' && state !== 'waiting' && progress.best) {
      lines.push(
        `${' '.repeat(PREFIX)}${colors.dim(fit(`best ${describeBest(progress.best, progress.metric?.name)}`, columns - 1 - PREFIX))}`,
      );
    }
  }
  return lines;
}

export interface FrameView extends View {
  elapsedMs: (stage: Stage) => number | undefined;
}

/** logistic l2=0.1, rocAuc 0.67123 ± 0.00210 */
export function describeBest(best: CandidateScore, metric = 'score'): string {
  return `${best.learner} ${params(best.params)}, ${metric} ${score(best.mean)} ± ${score(best.std)}`;
}

const NAME = 9;
const PREFIX = 4 + NAME + 1;
const TIME = 8;
const BAR = 20;

function searchBar({ candidates }: TrainingProgress): string | undefined {
  if (!candidates || candidates.total === 0) return undefined;
  const { done, failed, total, running, full } = candidates;
  const ended = done + failed;
  const without = failed > 0 ? `, ${failed} failed` : '';
  return `${bar(ended / total, BAR)} ${ended}/${total}, ${running} running${full === undefined ? '' : `, ${full} in full`}${without}`;
}

function mark(state: TrainingProgress['stages'][number]['state'], { colors, tick }: FrameView): string {
  if (state === 'running') return colors.cyan(SPINNER[tick % SPINNER.length] ?? '');
  return state === 'done' ? colors.green('✔') : state === 'failed' ? colors.red('✘') : colors.dim('·');
}

function paint(text: string, state: string, colors: Colors): string {
  if (state === 'failed') return colors.red(text);
  return text.startsWith('█') || text.startsWith('░')
    ? colors.cyan(text.slice(0, BAR)) + text.slice(BAR)
    : text;
}
