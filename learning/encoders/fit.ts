import type { ColumnProfile } from '../../decisions/profile.ts';
import { absence } from './absence.ts';
import { autoFeatures, type Roles } from './auto.ts';
import { checkFeatureTypes, FeatureError } from './check.ts';
import type { FeatureOf, TrainingColumn } from './encoder.ts';
import type { BlockOf, EncoderKind, FittedBlock, FittedEncoders, RawColumnType } from './fitted.ts';
import { imputedValue } from './impute.ts';
import { encoders } from './shelf.ts';
import type { Feature } from './spec.ts';

/**
 * Fits a definition's features.
 *
 * @param profiles of the dataset's columns over the training rows: what the hold-out holds must not be known here
 * @throws FeatureError naming the place in the definition; RangeError naming a column that cannot be encoded so
 */
export function fitEncoders(
  features: readonly Feature[] | 'auto',
  profiles: readonly ColumnProfile[],
  roles: Roles,
): FittedEncoders {
  const { features: chosen, dropped } =
    features === 'auto' ? autoFeatures(profiles, roles) : { features, dropped: [] };
  checkFeatureTypes(chosen, profiles);
  const training = trainingColumns(chosen, profiles);
  const blocks: FittedBlock[] = [];
  const names = new Set<string>();
  const used = new Map<string, RawColumnType>();
  chosen.forEach((feature) => {
    if (feature.kind === 'impute') return;
    const read = feature.columns.map((name) => training.get(name) as TrainingColumn);
    for (const { profile } of read) used.set(profile.name, profile.type);
    for (const block of fitFeature(feature.kind, feature, read)) {
      blocks.push(block);
      for (const name of blockNames(block)) names.add(distinctName(name, block.kind, names));
    }
  });
  if (names.size === 0) {
    const why = dropped.map(({ column, reason }) => `"${column}": ${reason}`).join('; ');
    throw new RangeError(`No feature is left to learn from${why ? ` (${why})` : ''}.`);
  }
  return {
    inputs: [...used].map(([name, columnType]) => ({ name, columnType })),
    blocks,
    features: [...names],
    dropped: [...dropped],
  };
}

/** Every column that a feature names, with what an `impute` of the definition puts in place of its missing values. */
function trainingColumns(
  features: readonly Feature[],
  profiles: readonly ColumnProfile[],
): Map<string, TrainingColumn> {
  const byName = new Map(profiles.map((profile) => [profile.name, profile]));
  const training = new Map<string, TrainingColumn>();
  features.forEach((feature, i) => {
    feature.columns.forEach((name, j) => {
      const profile = byName.get(name);
      if (!profile) throw new RangeError(`There is no profile of column "${name}".`);
      const reason = absence(profile);
      if (reason !== undefined) {
        throw new FeatureError(`features[${i}].columns[${j}]`, name, reason, 'a column with values');
      }
      const known = training.get(name) ?? { profile: profile as TrainingColumn['profile'] };
      training.set(name, feature.kind === 'impute' ? imputeColumn(feature, known) : known);
    });
  });
  return training;
}

function imputeColumn(feature: FeatureOf<'impute'>, column: TrainingColumn): TrainingColumn {
  if (feature.strategy === 'none') return { ...column, keepsGaps: true };
  return { ...column, imputed: imputedValue({ ...feature, strategy: feature.strategy }, column.profile) };
}

function fitFeature<K extends EncoderKind>(
  kind: K,
  feature: FeatureOf<K>,
  columns: TrainingColumn[],
): FittedBlock[] {
  return encoders[kind].fit(feature, columns);
}

function blockNames<K extends EncoderKind>(block: BlockOf<K>): string[] {
  const kind = block.kind;
  return encoders[kind].names(block);
}

/** A column may be read by several features: `distance`, then `distance_minMax`, then `distance_minMax_2`. */
function distinctName(name: string, kind: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const stem = `${name}_${kind}`;
  let n = 1;
  while (taken.has(n === 1 ? stem : `${stem}_${n}`)) n++;
  return n === 1 ? stem : `${stem}_${n}`;
}
