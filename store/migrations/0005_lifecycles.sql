-- The life of a model after its first version: what is deployed, what was seen, what was asked for and decided.

-- ---- lifecycles -----------------------------------------------------------------------------------------------

CREATE TABLE deployments (
  name text NOT NULL REFERENCES lifecycles,
  number integer NOT NULL CHECK (number > 0),
  definition_hash digest_hex NOT NULL REFERENCES definitions,
  base_directory text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  changes json NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, number)
);
CREATE TRIGGER deployments_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deployments
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the workflow knows of itself, so that an installation that is restored without Temporal's own state goes on.
-- Half of each page stays free: a state is replaced on its page and no index grows.
CREATE TABLE lifecycle_states (
  name text PRIMARY KEY REFERENCES lifecycles,
  revision bigint NOT NULL CHECK (revision > 0),
  state json NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- One row a trigger: the primary key is why one trigger is one training, whatever dies in between.
CREATE TABLE triggers (
  name text NOT NULL REFERENCES lifecycles,
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('definition', 'drift', 'schedule', 'data', 'event', 'person')),
  reason text NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL,
  decision text NOT NULL CHECK (decision IN ('train', 'refused')),
  because text NOT NULL,
  run integer,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, id),
  UNIQUE (name, run),
  CONSTRAINT triggers_train_a_run CHECK ((decision = 'train') = (run IS NOT NULL))
);
CREATE INDEX triggers_newest ON triggers (name, decided_at DESC);
CREATE TRIGGER triggers_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON triggers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which events the audit has been told of.
CREATE TABLE lifecycle_notes (
  name text NOT NULL REFERENCES lifecycles,
  key text NOT NULL,
  PRIMARY KEY (name, key)
);

CREATE TABLE bad_versions (
  name text NOT NULL,
  version integer NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, version),
  FOREIGN KEY (name, version) REFERENCES versions
);
CREATE TRIGGER bad_versions_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bad_versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- From the gateways, which do not know Temporal; an orchestrator tells the lifecycle.
CREATE TABLE lifecycle_events (
  name text NOT NULL REFERENCES lifecycles,
  id text NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 200),
  reason text NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  told_at timestamptz,
  PRIMARY KEY (name, id)
);
CREATE INDEX lifecycle_events_untold ON lifecycle_events (at) WHERE told_at IS NULL;

-- ---- the watch ------------------------------------------------------------------------------------------------

-- Distributions of the rows that a version was trained on. What they are never changes with the version.
CREATE TABLE version_references (
  name text NOT NULL,
  version integer NOT NULL,
  digest digest_hex NOT NULL REFERENCES artifacts,
  PRIMARY KEY (name, version),
  FOREIGN KEY (name, version) REFERENCES versions
);

CREATE TABLE watch_windows (
  name text NOT NULL REFERENCES lifecycles,
  number integer NOT NULL CHECK (number > 0),
  version integer NOT NULL,
  "from" timestamptz NOT NULL,
  "to" timestamptz NOT NULL,
  rows bigint NOT NULL CHECK (rows >= 0),
  state text NOT NULL CHECK (state IN ('insufficient', 'fault', 'shifted', 'clean')),
  facts json NOT NULL,
  verdict json NOT NULL,
  signal json NOT NULL,
  picture_digest digest_hex REFERENCES artifacts,
  distribution_digest digest_hex REFERENCES artifacts,
  PRIMARY KEY (name, number),
  FOREIGN KEY (name, version) REFERENCES versions,
  CONSTRAINT watch_windows_have_a_length CHECK ("from" < "to")
);

-- Facts of every column of a wide window: those in `facts` are as many as a workflow may carry. Written before the window
-- has its row.
CREATE TABLE watch_reports (
  name text NOT NULL REFERENCES lifecycles,
  number integer NOT NULL CHECK (number > 0),
  columns json NOT NULL,
  PRIMARY KEY (name, number)
);

-- Who deletes an artifact asks each of these whether it refers to it; without an index that reads the whole table.
CREATE INDEX watch_windows_pictures ON watch_windows (picture_digest) WHERE picture_digest IS NOT NULL;
CREATE INDEX watch_windows_distributions ON watch_windows (distribution_digest) WHERE distribution_digest IS NOT NULL;
CREATE INDEX version_references_digest ON version_references (digest);
CREATE INDEX run_artifacts_digest ON run_artifacts (digest);

-- Bounds what is kept of a lifecycle's windows: the newest 500, and of older ones the last 500 that were not clean, so
-- 1,000 in all, and the last healthy one. Deletes the pictures and distributions that no row refers to any more: of the
-- windows that go, of healthy windows before the last one, and of `spare`. Whether one is in use is what the foreign keys
-- say: they see also what another transaction is about to commit; and whoever wants to use what was deleted here is refused
-- by them and puts it again.
-- With the owner's rights, as forget_gateways() of 0004 has them.
CREATE FUNCTION forget_windows(lifecycle text, spare text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  newest integer;
  healthy integer;
  gone integer[];
  freed text[];
  one text;
BEGIN
  SELECT max(number), max(number) FILTER (WHERE distribution_digest IS NOT NULL) INTO newest, healthy
    FROM watch_windows WHERE name = lifecycle;
  gone := ARRAY(
    SELECT number FROM (
      SELECT number, state, row_number() OVER (PARTITION BY state = 'clean' ORDER BY number DESC) AS place
      FROM watch_windows
      WHERE name = lifecycle AND number <= newest - 500 AND number IS DISTINCT FROM healthy) AS older
    WHERE state = 'clean' OR place > 500);
  freed := spare || ARRAY(
    SELECT picture_digest::text FROM watch_windows
      WHERE name = lifecycle AND number = ANY (gone) AND picture_digest IS NOT NULL
    UNION
    SELECT distribution_digest::text FROM watch_windows
      WHERE name = lifecycle AND number <> healthy AND distribution_digest IS NOT NULL);
  UPDATE watch_windows SET distribution_digest = NULL
    WHERE name = lifecycle AND number <> healthy AND distribution_digest IS NOT NULL;
  DELETE FROM watch_windows WHERE name = lifecycle AND number = ANY (gone);
  DELETE FROM watch_reports AS reports
    WHERE name = lifecycle AND number <= newest
      AND NOT EXISTS (SELECT FROM watch_windows AS windows
                      WHERE windows.name = reports.name AND windows.number = reports.number);
  FOREACH one IN ARRAY freed LOOP
    BEGIN
      DELETE FROM artifacts WHERE digest = one AND kind IN ('distributions', 'window-picture');
    EXCEPTION WHEN foreign_key_violation THEN
      NULL; -- In use.
    END;
  END LOOP;
END
$$;
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION forget_windows(text, text[]) SET search_path TO %I, pg_temp', current_schema());
END
$$;

-- As in 0001, and what the watch keeps.
CREATE OR REPLACE VIEW artifact_references AS
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
      (golden_digest, 'golden'), (evaluation_digest, 'evaluation')) AS v (digest, role)
  UNION ALL
  SELECT digest, 'version', format('model/%s/%s', name, version), 'reference' FROM version_references
  UNION ALL
  SELECT w.digest, 'window', format('watch/%s/%s', name, number), w.role
    FROM watch_windows
    CROSS JOIN LATERAL (VALUES
      (picture_digest, 'picture'), (distribution_digest, 'distributions')) AS w (digest, role)
    WHERE w.digest IS NOT NULL;
