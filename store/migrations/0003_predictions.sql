-- What the gateways answered, and what turned out to be true.
--
-- Vocabulary: a REQUEST has ROWS; each row has a KEY (a customer, a flight; the request's id where none was given). A
-- row of `predictions` is a RECORD: one request, or that part of it that one ARM answered. A LABEL is the truth about
-- a key or about one row of a request, told later, and perhaps corrected.
--
-- Ids and keys are stored as storedId() of store/ids.ts gives them (no U+0000, at most 512 bytes), so they fit an index
-- and compare as plain text.

-- ---- predictions: partitions of one UTC day -------------------------------------------------------------------

-- Partitions are made when the first record of a day arrives and dropped whole (predictionDays.ts), so deleting costs
-- nothing and leaves nothing to vacuum. No key and no foreign key: what makes a record unique is its segment, below.
CREATE TABLE predictions (
  at timestamptz NOT NULL,
  latency_us integer NOT NULL,
  status smallint NOT NULL, -- 0 answered; else the HTTP status of a fault that was not the caller's.
  version integer NOT NULL,
  stage integer,
  rows integer NOT NULL,
  name text NOT NULL,
  arm text NOT NULL, -- champion, challenger; direct: the caller named the version, never counted.
  rollout_id text,
  request_id text NOT NULL,
  row_indexes integer[], -- Of the request; NULL: 0 to rows - 1.
  keys text[], -- One for all rows, or one each; NULL: request_id is the key.
  outputs real[], -- Row by row; multiclass has rows * classes.
  -- { column: values[] }, one value a row. Read it in the program: Postgres takes the escapes \u0000 and \ud800 in json
  -- and fails in every function that looks into such a document (json_each, ->, ...).
  inputs json
) PARTITION BY RANGE (at);

-- What each index costs: CPU of the server by COPY, us a record of 654 bytes (20 inputs) with one key of a million, in
-- segments of 1,250, Postgres 18.4. Without any index 4.7; with these three 8.4; a request of 3 keys 16.6.
-- Rejected: a b-tree on keys[1] with GIN for several keys alone, 10.4 (18.3 for 3 keys); GIN without its pending list,
-- 10.5; a hash index on keys[1], 9.3, which finds no second key; BRIN on `at`, 0.7 less than predictions_by_time, but
-- then the latest records of one model among many are not found without reading those of all.
CREATE INDEX predictions_by_time ON predictions (name, at);
-- Ids are UUIDv7 where the caller gave none, so new ones are neighbours.
CREATE INDEX predictions_by_request ON predictions (request_id);
CREATE INDEX predictions_by_key ON predictions USING gin (keys) WHERE keys IS NOT NULL;

-- A segment is a file of records that a gateway ships in one transaction with this row, so it lands exactly once,
-- however often it is sent.
CREATE TABLE prediction_segments (
  id text PRIMARY KEY,
  newest_day date NOT NULL, -- Kept as long as the records of that day.
  appended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row a row of a request. `position` is the row's index in `inputs`' arrays, `row_index` its index in the request.
CREATE VIEW prediction_rows AS
  SELECT at, request_id, name, version, arm, rollout_id, stage, status, latency_us, position,
         coalesce(row_indexes[position + 1], position) AS row_index,
         coalesce(CASE WHEN cardinality(keys) = 1 THEN keys[1] ELSE keys[position + 1] END, request_id) AS key,
         outputs[position * (cardinality(outputs) / rows) + 1 : (position + 1) * (cardinality(outputs) / rows)] AS outputs,
         inputs
  FROM predictions CROSS JOIN LATERAL generate_series(0, rows - 1) AS position;

-- ---- labels ---------------------------------------------------------------------------------------------------

-- Append-only: a correction is a new revision of its subject, and the highest revision is what holds.
CREATE TABLE labels (
  name text NOT NULL REFERENCES lifecycles,
  request_id text,
  row_index integer CHECK (row_index >= 0), -- Of the request.
  key text,
  value json NOT NULL CHECK (json_typeof(value) IN ('string', 'number', 'boolean')),
  observed_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revision integer NOT NULL CHECK (revision > 0),
  CONSTRAINT labels_have_one_subject CHECK ((key IS NULL) = (request_id IS NOT NULL)),
  CONSTRAINT labels_of_requests_name_a_row CHECK ((request_id IS NULL) = (row_index IS NULL))
);
CREATE UNIQUE INDEX labels_of_keys ON labels (name, key, revision) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX labels_of_requests ON labels (name, request_id, row_index, revision) WHERE request_id IS NOT NULL;
CREATE TRIGGER labels_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON labels
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What holds now. Revisions have no gaps, so each label costs one probe of an index, also inside of a join; DISTINCT ON
-- would have to read all labels of the model before joining.
CREATE VIEW current_labels AS
  SELECT name, request_id, row_index, key, value, observed_at, received_at, revision
  FROM labels
  WHERE NOT EXISTS (
      SELECT FROM labels AS later
      WHERE later.name = labels.name AND later.key = labels.key AND later.revision = labels.revision + 1)
    AND NOT EXISTS (
      SELECT FROM labels AS later
      WHERE later.name = labels.name AND later.request_id = labels.request_id
        AND later.row_index = labels.row_index AND later.revision = labels.revision + 1);
