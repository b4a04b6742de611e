import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Writes phases.csv: invented project phases in the layout of the School Construction Authority's export, for trying
 * the example without the real file. Every project_id begins with GENERATED. The same seed gives the same bytes.
 *
 *     npx tsx examples/construction/generate.ts
 *
 * What is plausible in it: two thirds are renewals, budgets are log-normal by type and often 0 (not yet estimated),
 * a design follows its scope, a plan of many works or of few days is more often late, some districts and the busy
 * years are worse, winter starts are a little worse. None of it was measured on real projects.
 */
export function generatePhases(seed = 2025): string {
  const random = mulberry32(seed);
  const lines = [COLUMNS.join(',')];
  const districtEffect = Array.from({ length: 33 }, () => 0.6 * normal(random));
  for (let project = 1; lines.length <= ROWS; project++) {
    const type = pick(TYPES, random);
    const works = 1 + Math.floor(3 * random() ** 2);
    const place = pick(BOROUGHS, random);
    const district = place.districts[Math.floor(random() * place.districts.length)] ?? 1;
    const common = {
      project_id: `GENERATED-${String(project).padStart(5, '0')}`,
      district,
      borough: random() < 0.07 ? '' : place.name, // The real export leaves it out as often.
      building_id: `${place.letter}${String(1 + Math.floor(random() * 899)).padStart(3, '0')}`,
      project_type: type.name,
      description: Array.from({ length: works }, () => pick(WORKS, random).name).join(' / '),
    };
    let start = FIRST_DAY + Math.floor(random() ** 0.7 * DAYS);
    for (const phase of ['Scope', 'Design']) {
      const planned = Math.round(
        Math.max(30, (phase === 'Scope' ? 125 : 165) + 25 * (works - 1) + 30 * normal(random)),
      );
      const budget =
        random() < 0.18
          ? 0
          : Math.round(type.budget * Math.exp(0.9 * normal(random)) * (phase === 'Scope' ? 1 : 4));
      const year = new Date(start * DAY_MS).getUTCFullYear();
      const month = new Date(start * DAY_MS).getUTCMonth();
      const odds =
        -0.5 +
        0.8 * (works - 1) -
        0.016 * (planned - 140) +
        type.effect +
        (districtEffect[district] ?? 0) +
        (year === 2020 || year === 2021 ? 0.9 : 0) +
        (month === 11 || month < 2 ? 0.3 : 0) +
        (budget > 500_000 ? 0.5 : 0) +
        1.1 * normal(random);
      const late = odds > 0;
      const delay = late ? 8 + Math.round(70 * -Math.log(1 - random())) : -Math.round(25 * random());
      const finished = !late || random() < 0.93; // The others go on, so their delay is not known yet.
      lines.push(
        [
          ...Object.values(common),
          phase,
          budget.toFixed(1),
          day(start),
          day(start + planned),
          planned,
          finished ? day(start + planned + delay) : '',
          finished ? delay.toFixed(1) : '',
          day(start + planned + Math.min(0, delay)),
          late ? 'late' : 'on_time',
        ].join(','),
      );
      start += planned + Math.max(0, delay) + 7 + Math.floor(60 * random());
    }
  }
  return `${lines.slice(0, ROWS + 1).join('\n')}\n`;
}

/** 1,800 rows have 280 KB. */
const ROWS = 1_800;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2018, 0, 1) / DAY_MS;
const DAYS = 2_300;

const COLUMNS = [
  'project_id',
  'district',
  'borough',
  'building_id',
  'project_type',
  'description',
  'phase',
  'budget',
  'start',
  'planned_end',
  'planned_duration_days',
  'actual_end',
  'delay_days',
  'label_known_on',
  'schedule_adherence',
];

const TYPES = [
  { name: 'SCA CIP', share: 0.72, budget: 60_000, effect: 0.2 },
  { name: 'SCA CIP RESOA', share: 0.2, budget: 15_000, effect: 0.6 },
  { name: 'SCA Capacity', share: 0.05, budget: 2_000_000, effect: -0.3 },
  { name: 'SCA Lease Site Improvement', share: 0.03, budget: 90_000, effect: -0.6 },
];

const BOROUGHS = [
  { name: 'QUEENS', letter: 'Q', share: 0.29, districts: [24, 25, 26, 27, 28, 29, 30] },
  { name: 'BROOKLYN', letter: 'K', share: 0.28, districts: [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 32] },
  { name: 'BRONX', letter: 'X', share: 0.19, districts: [7, 8, 9, 10, 11, 12] },
  { name: 'MANHATTAN', letter: 'M', share: 0.17, districts: [1, 2, 3, 4, 5, 6] },
  { name: 'STATEN ISLAND', letter: 'R', share: 0.07, districts: [31] },
];

const WORKS = [
  { name: 'ROOFS', share: 0.14 },
  { name: 'EXTERIOR MASONRY', share: 0.13 },
  { name: 'FLOOD ELIMINATION', share: 0.1 },
  { name: 'FIRE ALARM SYSTEM', share: 0.1 },
  { name: 'BOILER CONVERSION', share: 0.1 },
  { name: 'ELECTRICAL SYSTEMS', share: 0.09 },
  { name: 'PLAYGROUND UPGRADE', share: 0.09 },
  { name: 'WINDOWS', share: 0.08 },
  { name: 'AUDITORIUM UPGRADE', share: 0.07 },
  { name: 'HEATING PLANT', share: 0.06 },
  { name: 'SCIENCE LAB', share: 0.04 },
];

function pick<T extends { share: number }>(options: readonly T[], random: () => number): T {
  let left = random();
  for (const option of options) if ((left -= option.share) < 0) return option;
  return options[0];
}

function day(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

/** Box and Muller's transform. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Tommy Ettinger's mulberry32: 32 bits of state are enough for a file of this size. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('./phases.csv', import.meta.url), generatePhases());
}
