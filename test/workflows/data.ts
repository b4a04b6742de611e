import { Random } from '../../learning/rng.ts';

/** Rows of a small CSV with everything that the tests' definitions name; the same text for the same arguments. */
export interface Shape {
  rows?: number;
  /** Changes cells of a row before it is written. */
  edit?: (row: Row, index: number) => void;
}

export type Row = Record<'id' | 'size' | 'colour' | 'late' | 'grade' | 'cost', string>;

export function smallCsv({ rows = 400, edit }: Shape = {}): string {
  const random = new Random(7);
  const colours = ['red', 'green', 'blue'];
  const lines = ['id,size,colour,late,grade,cost'];
  for (let id = 0; id < rows; id++) {
    const size = random.unit() * 10;
    const colour = random.below(3);
    const strength = size + colour * 2 + random.unit() * 3;
    const row: Row = {
      id: String(id),
      size: size.toFixed(3),
      colour: colours[colour],
      late: strength > 8.5 ? 'yes' : 'no',
      grade: strength > 10 ? 'high' : strength > 6 ? 'middle' : 'low',
      cost: (strength * 3 + random.unit()).toFixed(3),
    };
    edit?.(row, id);
    lines.push([row.id, row.size, row.colour, row.late, row.grade, row.cost].join(','));
  }
  return `${lines.join('\n')}\n`;
}
