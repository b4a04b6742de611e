import { shelf } from '../learning/learners/shelf.ts';
import type { Definition } from './definition.ts';
import { invalid } from './invalid.ts';

/** What the rows of a definition ask of every learner. */
type Rows = Pick<Definition, 'weight' | 'features'>;

/** Whether the learner of this name can have the definition's rows: their weights, what is missing in them, and categories. */
export function canHave(name: string, { weight, features }: Rows): boolean {
  const learner = shelf.get(name);
  return (
    (weight === undefined || learner?.weighs === true) &&
    (gapOf(features) < 0 || learner?.bridgesGaps === true) &&
    (categoryOf(features) < 0 || learner?.takesCategories === true)
  );
}

/**
 * Refuses learners that cannot weigh rows, or cannot have missing values or categories, where the definition has such. An
 * automatic search chooses among those that can.
 *
 * @throws PerennialError INVALID_DEFINITION
 */
export function refuseUnfitLearners({ search, weight, features }: Definition): void {
  if (search === 'auto') return;
  const gap = gapOf(features);
  const category = categoryOf(features);
  search.forEach(({ learner: name, trainer }, i) => {
    // What that one can take is known there alone: it refuses a candidate.
    if (trainer) return;
    const learner = shelf.get(name);
    if (weight !== undefined && !learner?.weighs)
      throw invalid(
        `search[${i}].learner`,
        name,
        `a learner that can weigh rows (${named('weighs')}), as \`weight\` names "${weight}"; or no weight`,
      );
    if (gap >= 0 && !learner?.bridgesGaps) {
      const left = `as features[${gap}] leaves those of ${columnsOf(features, gap)} missing`;
      throw invalid(
        `search[${i}].learner`,
        name,
        `a learner that takes missing values (${named('bridgesGaps')}), ${left}; or impute them, for example by median`,
      );
    }
    if (category >= 0 && !learner?.takesCategories) {
      const numbered = `as features[${category}] numbers those of ${columnsOf(features, category)} without an order`;
      throw invalid(
        `search[${i}].learner`,
        name,
        `a learner that takes categories (${named('takesCategories')}), ${numbered}; or encode them by oneHot, ordinal or frequency`,
      );
    }
  });
}

/** The first encoder that leaves missing values missing; -1 where none does. */
function gapOf(features: Definition['features']): number {
  return features === 'auto' ? -1 : features.findIndex((f) => f.kind === 'impute' && f.strategy === 'none');
}

/** The first encoder that numbers categories; -1 where none does. */
function categoryOf(features: Definition['features']): number {
  return features === 'auto' ? -1 : features.findIndex(({ kind }) => kind === 'category');
}

function columnsOf(features: Definition['features'], i: number): string {
  const columns = features === 'auto' ? [] : (features[i]?.columns ?? []);
  return columns.map((column) => `"${column}"`).join(', ');
}

function named(ability: 'weighs' | 'bridgesGaps' | 'takesCategories'): string {
  return [...shelf.values()].flatMap((learner) => (learner[ability] ? [learner.name] : [])).join(', ');
}
