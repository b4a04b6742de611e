import {
  allowed,
  balance,
  csv,
  cyclic,
  defineLifecycle,
  expression,
  forest,
  frequency,
  log,
  logistic,
  missing,
  oneHot,
  parquet,
  range,
  rows,
  sql,
  standardize,
  tree,
  unique,
} from 'perennial-ml';

/**
 * Will a flight arrive no more than 15 minutes late? Three million real flights of January to July 2001 and the
 * airports, as the npm package vega-datasets ships them.
 *
 * The key. The file has none, and 191 of its rows equal another in every column. Such a row is the same flight
 * reported twice: SELECT DISTINCT keeps one of each. What is left is told apart by minute, route and, where several
 * flights share these, a number in the order of distance and delay; that is `flight_id`.
 *
 * Looking back. How punctual an airport, a route or an hour of the day has been is the best that is known before a
 * departure. Each window ends on the day before the flight, so no row sees its own outcome or one of its own day; the
 * first days of January, which have nothing to look back on, keep NULL and are imputed.
 *
 * The hold-out is the future: every flight from June on, none of which the search or the refit has seen.
 */
export default defineLifecycle({
  name: 'flight-adherence',
  sources: {
    flights: parquet('../../node_modules/vega-datasets/data/flights-3m.parquet'),
    airports: csv('../../node_modules/vega-datasets/data/airports.csv'),
  },
  dataset: sql`
    -- One row a flight. The file has no key and 191 rows that equal another in every column: an exact duplicate is the same
    -- flight reported twice, and is kept once. Flights of the same minute on the same route are told apart by a number.
    WITH flown AS (
      SELECT DISTINCT date AS scheduled_at, origin, destination, distance, delay FROM flights
    ),
    -- Punctuality by airport and day. Every window below ends on the day before, so no flight sees its own day.
    daily AS (
      SELECT date_trunc('day', scheduled_at) AS day, origin, destination, hour(scheduled_at) AS hour,
             count(*) AS flights, count(*) FILTER (delay <= 15) AS on_time
      FROM flown GROUP BY ALL
    ),
    origin_daily AS (SELECT day, origin, sum(flights) AS flights, sum(on_time) AS on_time FROM daily GROUP BY ALL),
    destination_daily AS (SELECT day, destination, sum(flights) AS flights, sum(on_time) AS on_time FROM daily GROUP BY ALL),
    route_daily AS (SELECT day, origin, destination, sum(flights) AS flights, sum(on_time) AS on_time FROM daily GROUP BY ALL),
    origin_hour_daily AS (SELECT day, origin, hour, sum(flights) AS flights, sum(on_time) AS on_time FROM daily GROUP BY ALL),
    origin_past AS (
      SELECT day, origin, sum(on_time) OVER week / sum(flights) OVER week AS rate_7d, sum(flights) OVER week AS flights_7d,
             sum(on_time) OVER yesterday / sum(flights) OVER yesterday AS rate_1d
      FROM origin_daily
      WINDOW week AS (PARTITION BY origin ORDER BY day RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING),
             yesterday AS (PARTITION BY origin ORDER BY day RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING)
    ),
    destination_past AS (
      SELECT day, destination, sum(on_time) OVER week / sum(flights) OVER week AS rate_7d, sum(flights) OVER week AS flights_7d,
             sum(on_time) OVER yesterday / sum(flights) OVER yesterday AS rate_1d
      FROM destination_daily
      WINDOW week AS (PARTITION BY destination ORDER BY day RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING),
             yesterday AS (PARTITION BY destination ORDER BY day RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING)
    ),
    route_past AS (
      SELECT day, origin, destination, sum(on_time) OVER month / sum(flights) OVER month AS rate_28d
      FROM route_daily
      WINDOW month AS (PARTITION BY origin, destination ORDER BY day RANGE BETWEEN INTERVAL 28 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING)
    ),
    origin_hour_past AS (
      SELECT day, origin, hour, sum(on_time) OVER month / sum(flights) OVER month AS rate_28d
      FROM origin_hour_daily
      WINDOW month AS (PARTITION BY origin, hour ORDER BY day RANGE BETWEEN INTERVAL 28 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING)
    )
    SELECT
      strftime(f.scheduled_at, '%Y-%m-%dT%H:%M') || ' ' || f.origin || '-' || f.destination || ' ' ||
        row_number() OVER (PARTITION BY f.scheduled_at, f.origin, f.destination ORDER BY f.distance, f.delay) AS flight_id,
      f.scheduled_at,
      f.origin,
      f.destination,
      departure.state AS origin_state,
      arrival.state AS destination_state,
      f.distance,
      hour(f.scheduled_at) AS hour,
      dayname(f.scheduled_at) AS weekday,
      o.rate_7d AS origin_on_time_7d,
      d.rate_7d AS destination_on_time_7d,
      o.rate_1d AS origin_on_time_1d,
      d.rate_1d AS destination_on_time_1d,
      o.flights_7d AS origin_traffic_7d,
      d.flights_7d AS destination_traffic_7d,
      r.rate_28d AS route_on_time_28d,
      h.rate_28d AS origin_hour_on_time_28d,
      f.delay <= 15 AS on_time
    FROM flown f
    JOIN airports departure ON departure.iata = f.origin
    JOIN airports arrival ON arrival.iata = f.destination
    LEFT JOIN origin_past o ON o.day = date_trunc('day', f.scheduled_at) AND o.origin = f.origin
    LEFT JOIN destination_past d ON d.day = date_trunc('day', f.scheduled_at) AND d.destination = f.destination
    LEFT JOIN route_past r ON r.day = date_trunc('day', f.scheduled_at) AND r.origin = f.origin AND r.destination = f.destination
    LEFT JOIN origin_hour_past h ON h.day = date_trunc('day', f.scheduled_at) AND h.origin = f.origin AND h.hour = hour(f.scheduled_at)
  `,
  target: 'on_time',
  time: 'scheduled_at',
  key: 'flight_id',
  split: { by: 'moment', from: '2001-06-01' },
  checks: [
    rows({ min: 2_900_000, max: 3_000_000 }),
    unique('flight_id'),
    missing({ max: 0, columns: ['scheduled_at', 'origin', 'destination', 'distance', 'on_time'] }),
    missing({ max: 0.05 }),
    range('distance', { min: 1, max: 5_000 }),
    range('scheduled_at', { min: '2001-01-01', max: '2001-12-31' }),
    range('origin_on_time_7d', { min: 0, max: 1 }),
    range('destination_on_time_7d', { min: 0, max: 1 }),
    allowed('weekday', ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']),
    balance({ min: 0.1 }),
    expression('share of flights on time', 'avg(on_time::int)', { min: 0.6, max: 0.95 }),
  ],
  features: [
    standardize(
      'hour',
      'origin_on_time_7d',
      'destination_on_time_7d',
      'origin_on_time_1d',
      'destination_on_time_1d',
      'route_on_time_28d',
      'origin_hour_on_time_28d',
    ),
    log(['distance', 'origin_traffic_7d', 'destination_traffic_7d']),
    cyclic('scheduled_at', 'hour'),
    oneHot('weekday'),
    frequency(['origin', 'destination', 'origin_state', 'destination_state']),
  ],
  search: [
    logistic({ l2: [0.1, 1, 10] }),
    tree({ maxDepth: [6, 8, 10], minLeaf: [50, 200] }),
    forest({ trees: 50, maxDepth: [8, 12], minLeaf: [20, 100] }),
  ],
  select: { metric: 'rocAuc', folds: 5, atLeast: 0.6 },
  sample: { search: 40_000, refit: 600_000, evaluate: 200_000 },
  seed: 2001,
});
