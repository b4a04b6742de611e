import { countRows, goldenBatch, type Golden } from '../compute/parityGolden.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';

/** Rows of this many are enough to compare with: each costs a path of every explanation. */
const BACKGROUND_ROWS = 20;
/** Versions whose rows are kept in memory. */
const MAX_KEPT = 100;

/** Some of the rows that were kept with each version when it was registered, spread evenly over them. */
export type GoldenRows = (model: Pick<ModelVersionRow, 'goldenDigest' | 'signature'>) => Promise<RawBatch>;

export function readGoldenRows(artifacts: Pick<Store['artifacts'], 'get'>): GoldenRows {
  const kept = new Map<string, Promise<RawBatch>>();

  async function read({ goldenDigest, signature }: Parameters<GoldenRows>[0]): Promise<RawBatch> {
    const golden = JSON.parse(new TextDecoder().decode(await artifacts.get(goldenDigest))) as Golden;
    return spread(goldenBatch(golden, signature.inputs), countRows(golden));
  }

  return (model) => {
    const { goldenDigest: digest } = model;
    let rows = kept.get(digest);
    if (rows === undefined) {
      const [oldest] = kept.keys();
      if (kept.size >= MAX_KEPT) kept.delete(oldest);
      kept.set(digest, (rows = read(model)));
      rows.catch(() => kept.delete(digest));
    }
    return rows;
  };
}

function spread({ columns }: RawBatch, rows: number): RawBatch {
  const count = Math.min(rows, BACKGROUND_ROWS);
  const indexes = Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
  const some = Object.create(null) as RawBatch['columns'];
  for (const [name, values] of Object.entries(columns)) {
    some[name] =
      values instanceof Float64Array
        ? Float64Array.from(indexes, (i) => values[i])
        : indexes.map((i) => values[i]);
  }
  return { rows: count, columns: some };
}
