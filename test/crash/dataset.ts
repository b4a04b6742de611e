import { writeFileSync } from 'node:fs';
import { Random } from '../../learning/rng.ts';

/**
 * Writes a CSV of deliveries that are late or not: timestamps, text, numbers, some of them missing. The same file for
 * the same number of rows on every machine.
 */
export function writeDeliveries(path: string, rows: number): void {
  const random = new Random(20_010_101);
  const regions = ['north', 'south', 'east', 'west', 'centre'];
  const lines = ['id,due,region,distance,weight,late'];
  const start = Date.UTC(2024, 0, 1);
  for (let id = 0; id < rows; id++) {
    const region = random.below(regions.length);
    const distance = Math.round(random.unit() * 5_000) / 10;
    const weight = random.below(20) === 0 ? '' : String(Math.round(random.unit() * 300) / 10);
    const at = new Date(start + id * 60_000);
    const strain = region * 0.15 + distance / 400 + (at.getUTCHours() > 15 ? 0.4 : 0) + random.unit();
    const late = strain > 1.5;
    lines.push(
      [id, at.toISOString().slice(0, 19), regions[region], distance.toFixed(1), weight, late].join(','),
    );
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
}
