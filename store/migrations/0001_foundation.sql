-- Everything that one installation remembers. The invariants stand here as constraints, so that no defect of the
-- program, and no second program, can break them.
--
-- Documents are `json`, not `jsonb`: jsonb refuses the escape \u0000, which a column of somebody's data may hold,
-- and forgets the order of keys.

CREATE DOMAIN digest_hex AS text CHECK (VALUE ~ '^[0-9a-f]{64}$');

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

-- ---- artifacts: content-addressed bytes -----------------------------------------------------------------------

CREATE TABLE artifacts (
  digest digest_hex PRIMARY KEY,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  kind text NOT NULL,
  media_type text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE artifact_chunks (
  digest digest_hex NOT NULL REFERENCES artifacts ON DELETE CASCADE,
  position integer NOT NULL CHECK (position >= 0),
  bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 1048576),
  PRIMARY KEY (digest, position)
);
-- Parquet and pictures are compressed already, and compressing model files once more costs more time than it saves.
ALTER TABLE artifact_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TRIGGER artifacts_are_final BEFORE UPDATE ON artifacts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chunks_are_final BEFORE UPDATE ON artifact_chunks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- ---- definitions and datasets ---------------------------------------------------------------------------------

CREATE TABLE definitions (
  hash digest_hex PRIMARY KEY,
  definition json NOT NULL, -- Canonical JSON (RFC 8785), the text that was hashed.
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER definitions_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON definitions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row per key: other sources or another query may well yield the same bytes.
CREATE TABLE datasets (
  key text PRIMARY KEY,
  digest digest_hex NOT NULL REFERENCES artifacts,
  rows bigint NOT NULL CHECK (rows >= 0),
  bytes bigint NOT NULL CHECK (bytes >= 0),
  columns json NOT NULL,
  sources json NOT NULL,
  query text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX datasets_digest ON datasets (digest);

-- ---- lifecycles and their runs --------------------------------------------------------------------------------

CREATE TABLE lifecycles (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
  last_run integer NOT NULL DEFAULT 0 CHECK (last_run >= 0),
  last_version integer NOT NULL DEFAULT 0 CHECK (last_version >= 0)
);

CREATE TABLE accepted_schemas (
  name text PRIMARY KEY REFERENCES lifecycles,
  columns json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE runs (
  name text NOT NULL REFERENCES lifecycles,
  number integer NOT NULL CHECK (number > 0),
  workflow_id text NOT NULL,
  execution_id text NOT NULL UNIQUE,
  definition_hash digest_hex NOT NULL REFERENCES definitions,
  status text NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'registered', 'checks-failed', 'gate-refused', 'failed', 'cancelled')),
  dataset_digest digest_hex REFERENCES artifacts,
  features_digest digest_hex REFERENCES artifacts,
  evaluation_digest digest_hex REFERENCES artifacts,
  model_digest digest_hex REFERENCES artifacts,
  version integer,
  reason text,
  task text,
  metric text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  PRIMARY KEY (name, number),
  CONSTRAINT runs_end_once CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT runs_registered_a_version CHECK ((status = 'registered') = (version IS NOT NULL))
);
CREATE UNIQUE INDEX runs_one_running ON runs (name) WHERE status = 'running';
CREATE INDEX runs_newest ON runs (started_at DESC);

-- An ended run is history.
CREATE TRIGGER runs_stay_ended BEFORE UPDATE ON runs
  FOR EACH ROW WHEN (OLD.status <> 'running') EXECUTE FUNCTION refuse_change();

-- What a run made besides the digests above: pictures, reports. A role names one artifact of a run.
CREATE TABLE run_artifacts (
  name text NOT NULL,
  run integer NOT NULL,
  role text NOT NULL,
  digest digest_hex NOT NULL REFERENCES artifacts,
  PRIMARY KEY (name, run, role),
  FOREIGN KEY (name, run) REFERENCES runs
);

CREATE TABLE candidates (
  name text NOT NULL,
  run integer NOT NULL,
  index integer NOT NULL CHECK (index >= 0),
  learner text NOT NULL,
  params json NOT NULL,
  status text NOT NULL CHECK (status IN ('done', 'refused')),
  mean double precision,
  std double precision,
  folds json,
  reason text,
  duration_ms double precision,
  PRIMARY KEY (name, run, index),
  FOREIGN KEY (name, run) REFERENCES runs,
  CONSTRAINT candidates_done_have_a_score CHECK (status <> 'done' OR mean IS NOT NULL),
  CONSTRAINT candidates_refused_say_why CHECK (status <> 'refused' OR reason IS NOT NULL)
);

CREATE TABLE check_results (
  name text NOT NULL,
  run integer NOT NULL,
  index integer NOT NULL CHECK (index >= 0),
  kind text NOT NULL,
  title text NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail')),
  message text NOT NULL,
  measurement json NOT NULL,
  PRIMARY KEY (name, run, index),
  FOREIGN KEY (name, run) REFERENCES runs
);

-- ---- registry -------------------------------------------------------------------------------------------------

CREATE TABLE versions (
  name text NOT NULL REFERENCES lifecycles,
  version integer NOT NULL CHECK (version > 0),
  digest digest_hex NOT NULL REFERENCES artifacts,
  run integer NOT NULL,
  definition_hash digest_hex NOT NULL REFERENCES definitions,
  dataset_digest digest_hex NOT NULL REFERENCES artifacts,
  golden_digest digest_hex NOT NULL REFERENCES artifacts,
  evaluation_digest digest_hex NOT NULL REFERENCES artifacts,
  signature json NOT NULL,
  learner text NOT NULL,
  params json NOT NULL,
  metrics json NOT NULL,
  cv json NOT NULL,
  code json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, version),
  UNIQUE (name, digest),
  UNIQUE (name, run),
  FOREIGN KEY (name, run) REFERENCES runs
);
ALTER TABLE runs ADD FOREIGN KEY (name, version) REFERENCES versions;
CREATE TRIGGER versions_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE routes (
  name text PRIMARY KEY,
  champion_version integer NOT NULL,
  revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  FOREIGN KEY (name, champion_version) REFERENCES versions
);
-- Nobody changes a route without taking the next revision, so a compare-and-swap on it cannot be bypassed by accident.
CREATE TRIGGER routes_count_changes BEFORE UPDATE ON routes
  FOR EACH ROW WHEN (NEW.revision IS DISTINCT FROM OLD.revision + 1) EXECUTE FUNCTION refuse_change();

-- ---- audit ----------------------------------------------------------------------------------------------------

-- hash = SHA-256 of the canonical JSON of {id, at, actor, action, subject, details, previous}; see audit.ts.
CREATE TABLE audit (
  id bigint PRIMARY KEY CHECK (id > 0),
  at timestamptz NOT NULL CHECK (at = date_trunc('milliseconds', at)), -- As exact as the text that is hashed.
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details json NOT NULL,
  previous digest_hex NOT NULL UNIQUE,
  hash digest_hex NOT NULL UNIQUE
);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The end of the chain. Whoever appends holds this row's lock, so ids have no gaps and the chain has no forks; and
-- rows cut off the end are missed.
CREATE TABLE audit_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id bigint NOT NULL,
  at timestamptz NOT NULL, -- A clock that was set back does not put a later row before an earlier one.
  hash digest_hex NOT NULL
);
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
INSERT INTO audit_head (id, at, hash) VALUES (0, 'epoch', repeat('0', 64));

-- ---- who needs an artifact ------------------------------------------------------------------------------------

CREATE VIEW artifact_references AS
  SELECT digest, 'dataset' AS owner_kind, key AS owner, 'data' AS role FROM datasets
  UNION ALL
  SELECT r.digest, 'run', format('training/%s/%s', runs.name, runs.number), r.role
    FROM runs
    CROSS JOIN LATERAL (VALUES
      (dataset_digest, 'dataset'), (features_digest, 'features'),
      (evaluation_digest, 'evaluation'), (model_digest, 'model')) AS r (digest, role)
    WHERE r.digest IS NOT NULL
  UNION ALL
  SELECT digest, 'run', format('training/%s/%s', name, run), role FROM run_artifacts
  UNION ALL
  SELECT v.digest, 'version', format('model/%s/%s', name, version), v.role
    FROM versions
    CROSS JOIN LATERAL (VALUES
      (versions.digest, 'model'), (dataset_digest, 'dataset'),
      (golden_digest, 'golden'), (evaluation_digest, 'evaluation')) AS v (digest, role);
