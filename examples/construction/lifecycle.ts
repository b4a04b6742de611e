import {
  allowed,
  balance,
  csv,
  cyclic,
  defineLifecycle,
  forest,
  log,
  logistic,
  missing,
  oneHot,
  range,
  rows,
  sql,
  standardize,
  tree,
} from 'perennial-ml';

/**
 * Will a phase of a construction project end by the day that was planned when it began? `phases.csv` is generated
 * (see generate.ts); the real export of the same layout runs with `--source phases=PATH`.
 *
 * Never features, because they are known only afterwards: actual_end, delay_days, label_known_on. The export drops
 * finished projects, which makes nearly every construction phase in it late, so scope and design alone are learned.
 *
 * The key is the project and its phase. Some stand in the file more than once, as a new school and the demolition
 * before it do: that is worth a warning, and as the split goes by the key's hash, such rows stand on the same side.
 *
 * Construction activity at a phase's start, from what was known on that very day: how many phases were open, and how
 * many of those whose outcome became known in the half year before were late.
 */
export default defineLifecycle({
  name: 'schedule-management',
  sources: { phases: csv('phases.csv', { types: { district: 'VARCHAR' } }) },
  dataset: sql`
    WITH planned AS (
      SELECT *, row_number() OVER (ORDER BY start, project_id, building_id, phase, description, planned_end) AS line
      FROM phases
      WHERE phase IN ('Scope', 'Design')
    ),
    activity AS (
      SELECT
        p.line,
        count(*) FILTER (other.start < p.start AND other.label_known_on >= p.start) AS open_phases,
        avg((other.schedule_adherence = 'late')::INT)
          FILTER (other.label_known_on < p.start AND other.label_known_on >= p.start - INTERVAL 180 DAYS) AS late_share_180d
      FROM planned p
      JOIN planned other ON other.start < p.start AND other.label_known_on >= p.start - INTERVAL 180 DAYS
      GROUP BY p.line
    )
    SELECT
      p.project_id,
      p.phase,
      p.start,
      p.district,
      left(p.building_id, 1) AS borough, -- A letter for each; the column of that name has gaps and two spellings.
      p.project_type,
      p.budget,
      p.planned_duration_days,
      len(string_split(p.description, ' / ')) AS works,
      coalesce(a.open_phases, 0) AS open_phases,
      a.late_share_180d,
      p.schedule_adherence
    FROM planned p
    LEFT JOIN activity a USING (line)
  `,
  target: 'schedule_adherence',
  positive: 'late',
  time: 'start',
  key: ['project_id', 'phase'],
  split: { by: 'hash', test: 0.2 },
  checks: [
    rows({ min: 1_000 }),
    missing({
      max: 0,
      columns: ['project_id', 'phase', 'start', 'planned_duration_days', 'schedule_adherence'],
    }),
    { kind: 'unique', columns: ['project_id', 'phase', 'start'], severity: 'warn' },
    allowed('schedule_adherence', ['late', 'on_time']),
    allowed('borough', ['K', 'M', 'Q', 'R', 'X']),
    range('budget', { min: 0 }),
    range('planned_duration_days', { min: 0, max: 2_000, maxShare: 0.01 }),
    balance({ min: 0.2 }),
  ],
  features: [
    standardize('planned_duration_days', 'works', 'open_phases', 'late_share_180d'),
    log('budget'),
    oneHot(['phase', 'district', 'borough', 'project_type']),
    cyclic('start', 'month'),
  ],
  search: [
    logistic({ l2: [0.1, 1, 10] }),
    tree({ maxDepth: [4, 6, 8], minLeaf: [10, 30] }),
    forest({ trees: [100, 300], maxDepth: [8, 16], minLeaf: [1, 5] }),
  ],
  select: { metric: 'rocAuc', folds: 5, atLeast: 0.6 },
  seed: 29,
});
