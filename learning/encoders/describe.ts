import type { BinnedMatrix, EncodedFeature } from '../types.ts';
import type { BlockOf, EncoderKind, FittedBlock, FittedEncoders } from './fitted.ts';
import { encoders } from './shelf.ts';

/** By feature, its name, the raw column that it is made of and whether it rises with it. */
export function describeFeatures({ blocks, features }: FittedEncoders): EncodedFeature[] {
  const made = blocks.flatMap((block) =>
    columnsOf(block).map((column) => ({ column, rises: RISING.has(block.kind) })),
  );
  return made.map((rest, i) => ({ name: features[i], ...rest }));
}

/** By feature, 1 where a missing value is left missing (NaN); undefined where none is. */
export function gapsOf({ blocks }: FittedEncoders): Uint8Array | undefined {
  const gaps = Uint8Array.from(
    blocks.flatMap((block) => columnsOf(block).map((_, i) => (fillOf(block, i) === null ? 1 : 0))),
  );
  return gaps.includes(1) ? gaps : undefined;
}

/** What the features hold besides sizes: missing values, or categories. */
export function kindsOf(encoders: FittedEncoders): Pick<BinnedMatrix, 'gaps' | 'categories'> {
  const gaps = gapsOf(encoders);
  const categories = categoriesOf(encoders);
  return { ...(gaps && { gaps }), ...(categories && { categories }) };
}

/** By feature, how many categories its numbers name, and 0 where they are sizes; undefined where all are. */
export function categoriesOf({ blocks }: FittedEncoders): Uint8Array | undefined {
  const counts = Uint8Array.from(
    blocks.flatMap((block) =>
      columnsOf(block).map(() => (block.kind === 'category' ? block.categories.length : 0)),
    ),
  );
  return counts.some((count) => count > 0) ? counts : undefined;
}

/** Encoders whose output never falls as their column rises, by the order of declared categories for `ordinal`. */
const RISING: ReadonlySet<EncoderKind> = new Set<EncoderKind>([
  ...(['passthrough', 'standardize', 'minMax', 'log', 'bucket', 'ordinal'] as const),
]);

/** The raw column of each of a block's outputs. */
function columnsOf(block: FittedBlock): string[] {
  const names = namesOf(block.kind, block);
  if ('column' in block) return names.map(() => block.column);
  const each = names.length / block.columns.length;
  return names.map((_, i) => block.columns[Math.floor(i / each)]);
}

function namesOf<K extends EncoderKind>(kind: K, block: BlockOf<K>): string[] {
  return encoders[kind].names(block);
}

/** What output i of a block reads in place of a missing value; null: nothing. Undefined where that is no gap. */
function fillOf(block: FittedBlock, i: number): number | null | undefined {
  switch (block.kind) {
    case 'passthrough':
    case 'standardize':
    case 'minMax':
    case 'log':
      return block.fill[i];
    case 'bucket':
      return block.fill;
    default:
      return undefined;
  }
}
