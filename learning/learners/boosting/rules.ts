import { missingBinOf } from '../../binning.ts';
import type { EncodedFeature, Problem } from '../../types.ts';
import type { Monotone, Params } from './params.ts';
import type { CategoryRules } from './categoryScan.ts';
import type { Rules } from './ruledScan.ts';

/** What cuts must heed; undefined where no value may be missing and no feature has a direction or names categories. */
export function rulesOf(problem: Problem, params: Params): Rules | undefined {
  const { binned, columns } = problem;
  const { monotone } = params;
  if (!binned.gaps && !binned.categories && !monotone) return undefined;
  const direction = new Int8Array(columns);
  // The score is that of the second of two classes.
  const turned = problem.classes === 2 && problem.positive === 0 ? -1 : 1;
  const features = problem.features ?? unnamed(columns);
  for (const [name, way] of Object.entries(monotone ?? {}))
    for (const index of named(features, name)) direction[index] = turned * (way === 'increasing' ? 1 : -1);
  return {
    missing: Int32Array.from({ length: columns }, (_, column) => missingBinOf(binned, column)),
    direction,
    ...(binned.categories && { categories: categoryRules(binned.categories, params) }),
  };
}

/** The defaults are LightGBM's. */
function categoryRules(categories: Uint8Array, params: Params): CategoryRules {
  const { categorySmoothing, categoryL2, leftCategories, singleCategories, minCategoryRows } = params;
  return {
    named: categories.map((count) => (count > 0 ? 1 : 0)),
    smoothing: categorySmoothing ?? 10,
    l2: categoryL2 ?? 10,
    most: leftCategories ?? 32,
    oneVsRest: singleCategories ?? 4,
    minRows: minCategoryRows ?? 100,
  };
}

/** Why these directions cannot be had, or undefined: of several classes, or of what is no feature with an order. */
export function refuseMonotone(
  monotone: Monotone,
  classes: number,
  features: readonly EncodedFeature[],
): string | undefined {
  if (!monotone) return undefined;
  if (classes > 2)
    return `no direction, as the ${classes} classes share a probability of 1; monotone is for two classes and numbers`;
  const unknown = Object.keys(monotone).find((name) => named(features, name).length === 0);
  if (unknown === undefined) return undefined;
  const unordered = features.some(({ column }) => column === unknown);
  return unordered
    ? `a column whose features rise with it, or one of its features, and ${JSON.stringify(unknown)} is encoded without its order`
    : `columns or features, and ${JSON.stringify(unknown)} is none of ${listed(features)}`;
}

/** Every feature of the column of that name, if all of them rise with it; else the feature of that name. */
function named(features: readonly EncodedFeature[], name: string): number[] {
  const made = features.flatMap(({ column }, i) => (column === name ? [i] : []));
  if (made.length > 0) return made.every((i) => features[i].rises) ? made : [];
  return features.flatMap((feature, i) => (feature.name === name ? [i] : []));
}

function unnamed(columns: number): EncodedFeature[] {
  return Array.from({ length: columns }, (_, i) => ({ name: String(i), column: String(i), rises: true }));
}

function listed(features: readonly EncodedFeature[]): string {
  const names = features.slice(0, 20).map(({ name }) => name);
  return names.join(', ') + (features.length > names.length ? ` ... (${features.length} features)` : '');
}
