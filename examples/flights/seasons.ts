import {
  csv,
  cyclic,
  days,
  defineLifecycle,
  forest,
  logistic,
  oneHot,
  parquet,
  sql,
  standardize,
} from 'perennial-ml';

/**
 * The same question, lived through: a model of January that has to keep up with the year. One flight in twenty, what is
 * known of it, and how punctual its airport was in the seven days before.
 *
 * `npm start` deploys it as of the first of February and lets the weeks pass: each is asked, its labels come the day
 * after, the watch looks, and where flights have drifted for good a new model is trained on what is known by then. It replaces the champion where it is better on the newest flights, which neither has seen.
 */
export default defineLifecycle({
  name: 'flight-seasons',
  sources: {
    flights: parquet('../../node_modules/vega-datasets/data/flights-3m.parquet'),
    airports: csv('../../node_modules/vega-datasets/data/airports.csv'),
  },
  dataset: sql`
    WITH flown AS (
      SELECT DISTINCT date AS scheduled_at, origin, destination, distance, delay FROM flights
    ),
    daily AS (
      SELECT date_trunc('day', scheduled_at) AS day, origin, count(*) AS flights, count(*) FILTER (delay <= 15) AS on_time
      FROM flown GROUP BY ALL
    ),
    -- Every window ends on the day before, so no flight sees its own day.
    origin_past AS (
      SELECT day, origin, sum(on_time) OVER week / sum(flights) OVER week AS rate
      FROM daily
      WINDOW week AS (PARTITION BY origin ORDER BY day RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING)
    ),
    numbered AS (
      SELECT strftime(scheduled_at, '%Y-%m-%dT%H:%M') || ' ' || f.origin || '-' || destination || ' ' ||
               row_number() OVER (PARTITION BY scheduled_at, f.origin, destination ORDER BY distance, delay) AS flight_id,
             f.*
      FROM flown f
    )
    SELECT flight_id, scheduled_at, f.origin, departure.state AS origin_state, distance, hour(scheduled_at) AS hour,
           dayname(scheduled_at) AS weekday, o.rate AS origin_on_time_7d,
           delay <= 15 AS on_time
    FROM numbered f
    JOIN airports departure ON departure.iata = f.origin
    LEFT JOIN origin_past o ON o.day = date_trunc('day', scheduled_at) AND o.origin = f.origin
    -- 13 of 256: always the same twentieth.
    WHERE md5(flight_id) < '0d'
    ORDER BY scheduled_at, flight_id
  `,
  target: 'on_time',
  time: 'scheduled_at',
  key: 'flight_id',
  features: [
    standardize('hour', 'distance', 'origin_on_time_7d'),
    cyclic('scheduled_at', 'hour'),
    oneHot(['weekday', 'origin_state']),
  ],
  search: [logistic({ l2: [1] }), forest({ trees: 50, maxDepth: [8], minLeaf: 50 })],
  select: { metric: 'logLoss', folds: 3 },
  sample: { search: 20_000 },
  watch: { everyMs: days(7) },
  // Weather moves punctuality to and fro, so the answers become worse in some weeks and better in others: drift is enough.
  retrain: { onDrift: 'any', cooldownMs: days(28), approveAfterRejected: 4 },
});
