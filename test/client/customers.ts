import { writeFileSync } from 'node:fs';

/** Customers of whom some left: age and country say it, with noise; the same for the same number of rows. */
export function writeCustomers(path: string, rows: number, options: { noise?: number } = {}): void {
  const lines = ['customer_id,signed_up,age,balance,country,plan,churned'];
  let state = 7;
  // Numerical Recipes' generator: enough to look random to a tree of depth 8.
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let i = 1; i <= rows; i++) {
    const age = 18 + Math.floor(60 * random());
    const balance = (5_000 * random() ** 2).toFixed(2);
    const country = ['DE', 'FR', 'US', ''][Math.floor(4 * random())] ?? '';
    const plan = ['free', 'pro', 'team'][Math.floor(3 * random())] ?? '';
    const day = `2024-${String(1 + Math.floor(12 * random())).padStart(2, '0')}-${String(1 + Math.floor(28 * random())).padStart(2, '0')}`;
    const pull = (age - 48) / 15 + (country === 'US' ? 1 : 0) + (options.noise ?? 2) * (random() - 0.5);
    lines.push([i, day, age, balance, country, plan, pull > 0.3 ? 'left' : 'stayed'].join(','));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
}
