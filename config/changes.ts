import type { DefinitionChange } from '../decisions/lifecycle/change.ts';
import { canonicalJson, type Definition } from './definition.ts';

/**
 * Which sections of a definition are other than before, and the first stage that is done again for each; those that
 * redo most come first. Sections are compared by their canonical JSON, so neither the order of keys nor a default that
 * was written out is a change.
 *
 * @param before undefined: there was none, so every section that is there is a change
 */
export function diffDefinitions(before: Definition | undefined, after: Definition): DefinitionChange[] {
  return SECTIONS.filter((section) => differ(before?.[section], after[section]))
    .map((section) => ({ section, redo: redoOf(section, before, after) }))
    .sort((a, b) => ORDER.indexOf(a.redo) - ORDER.indexOf(b.redo));
}

type Section = Exclude<keyof Definition, 'apiVersion' | 'name'>;
type Redo = DefinitionChange['redo'];

/** A definition's sections in the order in which people write them. */
const REDONE: Record<Section, Redo> = {
  sources: 'ingest',
  dataset: 'ingest',
  target: 'ingest',
  task: 'ingest',
  positive: 'ingest',
  time: 'ingest',
  key: 'ingest',
  weight: 'featurize',
  calibrate: 'evaluate',
  checks: 'validate',
  features: 'featurize',
  split: 'featurize',
  sample: 'featurize',
  seed: 'featurize',
  search: 'search',
  budget: 'search',
  halving: 'search',
  select: 'search',
  watch: 'watch',
  labels: 'watch',
  // Looked at when it is needed the next time.
  parallelism: 'nothing',
  canary: 'nothing',
  retrain: 'nothing',
  approvals: 'nothing',
  notify: 'nothing',
};
const SECTIONS = Object.keys(REDONE) as Section[];

const ORDER: readonly Redo[] = [
  ...(['ingest', 'validate', 'featurize', 'search', 'evaluate', 'register'] as const),
  ...(['watch', 'nothing'] as const),
];

function redoOf(section: Section, before: Definition | undefined, after: Definition): Redo {
  switch (section) {
    // Bounds, tolerance and when the hopeless end choose no model: the next training is judged by them.
    case 'select':
      return !before || differ(choosing(before), choosing(after)) ? 'search' : 'nothing';
    // The watch asks for labels; where nobody watches, nobody does.
    case 'labels':
      return before?.watch || after.watch ? 'watch' : 'nothing';
    // How often the sources are looked at is the watch's too.
    case 'retrain':
      return after.watch && differ(before?.retrain?.onNewData, after.retrain?.onNewData)
        ? 'watch'
        : 'nothing';
    default:
      return REDONE[section];
  }
}

function choosing({ select: { metric, folds, cv, rule } }: Definition): object {
  return { metric, folds, cv, rule };
}

function differ(before: unknown, after: unknown): boolean {
  return canonicalJson(before ?? null) !== canonicalJson(after ?? null);
}
