-- Rollouts: a challenger beside its champion, what was seen of both, and what was concluded.

ALTER TABLE lifecycles ADD COLUMN last_rollout integer NOT NULL DEFAULT 0 CHECK (last_rollout >= 0);

CREATE TABLE rollouts (
  name text NOT NULL REFERENCES lifecycles,
  number integer NOT NULL CHECK (number > 0),
  id text NOT NULL UNIQUE CHECK (id = format('rollout/%s/%s', name, number)),
  execution_id text NOT NULL UNIQUE,
  champion_version integer NOT NULL,
  challenger_version integer NOT NULL,
  policy json NOT NULL,
  status text NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'promoted', 'rolled-back', 'inconclusive', 'aborted')),
  reason text,
  slow_above_us integer CHECK (slow_above_us >= 0),
  -- { gateway: predictions that it had dropped before the rollout }
  dropped_before json NOT NULL,
  started_by text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  promoted_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (name, number),
  FOREIGN KEY (name, champion_version) REFERENCES versions,
  FOREIGN KEY (name, challenger_version) REFERENCES versions,
  CONSTRAINT rollouts_versions_differ CHECK (challenger_version <> champion_version),
  CONSTRAINT rollouts_end_once CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT rollouts_end_for_a_reason CHECK (status = 'running' OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX rollouts_one_running ON rollouts (name) WHERE status = 'running';
CREATE INDEX rollouts_newest ON rollouts (started_at DESC);

-- An ended rollout is history. What "slow" means is said once: a bound that moves with the looks would make the test
-- of it invalid.
CREATE TRIGGER rollouts_stay_as_they_were BEFORE UPDATE ON rollouts
  FOR EACH ROW WHEN (OLD.status <> 'running'
                     OR (OLD.slow_above_us IS NOT NULL AND NEW.slow_above_us IS DISTINCT FROM OLD.slow_above_us))
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rollouts_stay BEFORE DELETE OR TRUNCATE ON rollouts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Losses of both versions on the same labelled input. A corrected label makes a row more, and the last one counts.
CREATE TABLE rollout_pairs (
  name text NOT NULL,
  number integer NOT NULL,
  key text NOT NULL,
  revision integer NOT NULL CHECK (revision > 0),
  -- Postgres sorts NaN above infinity.
  champion_loss double precision NOT NULL CHECK (champion_loss >= 0 AND champion_loss < 'Infinity'),
  challenger_loss double precision NOT NULL CHECK (challenger_loss >= 0 AND challenger_loss < 'Infinity'),
  PRIMARY KEY (name, number, key, revision),
  FOREIGN KEY (name, number) REFERENCES rollouts
);
CREATE TRIGGER rollout_pairs_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rollout_pairs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE rollout_looks (
  name text NOT NULL,
  number integer NOT NULL,
  index integer NOT NULL CHECK (index > 0),
  stage integer NOT NULL CHECK (stage >= 0),
  counts json NOT NULL,
  verdict json NOT NULL,
  PRIMARY KEY (name, number, index),
  FOREIGN KEY (name, number) REFERENCES rollouts
);
CREATE TRIGGER rollout_looks_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rollout_looks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which events the audit has been told of.
CREATE TABLE rollout_notes (
  name text NOT NULL,
  number integer NOT NULL,
  key text NOT NULL,
  PRIMARY KEY (name, number, key),
  FOREIGN KEY (name, number) REFERENCES rollouts
);

-- Equal entries of an index are stored once with a list of places: 7 bytes a prediction, where (rollout_id, at) took 41.
CREATE INDEX predictions_of_rollouts ON predictions (rollout_id) WHERE rollout_id IS NOT NULL;
-- Labels that arrived since a rollout began.
CREATE INDEX labels_by_arrival ON labels (name, received_at);

-- Rows of gateways that are gone for a day are removed by whoever renews; what they had dropped counts for as long as
-- a rollout that it falls into is under way. With the owner's rights, because the role of workers has none to delete;
-- pg_temp last, so that no table of somebody's session stands in for ours.
CREATE FUNCTION forget_gateways() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  DELETE FROM gateways WHERE id IN (
    SELECT id FROM gateways
    WHERE renewed_at < clock_timestamp() - interval '1 day'
      AND NOT EXISTS (SELECT FROM rollouts WHERE status = 'running' AND started_at < gateways.renewed_at)
    FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END
$$;
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION forget_gateways() SET search_path TO %I, pg_temp', current_schema());
END
$$;
CREATE TRIGGER gateways_are_forgotten AFTER INSERT ON gateways
  FOR EACH STATEMENT EXECUTE FUNCTION forget_gateways();
