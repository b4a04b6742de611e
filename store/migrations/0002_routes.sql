-- Which versions serve, who serves, and who may ask.

-- ---- routes ---------------------------------------------------------------------------------------------------

ALTER TABLE routes
  ADD COLUMN challenger_version integer,
  ADD COLUMN weight double precision NOT NULL DEFAULT 0,
  ADD COLUMN rollout_id text,
  ADD COLUMN stage integer,
  ADD COLUMN standby_version integer,
  ADD COLUMN log_inputs boolean NOT NULL DEFAULT false,
  ADD FOREIGN KEY (name, challenger_version) REFERENCES versions,
  ADD FOREIGN KEY (name, standby_version) REFERENCES versions,
  -- Postgres sorts NaN above every number, so it is refused here too.
  ADD CONSTRAINT routes_weight_is_a_share CHECK (weight BETWEEN 0 AND 1),
  ADD CONSTRAINT routes_share_needs_a_challenger CHECK (weight = 0 OR challenger_version IS NOT NULL),
  -- The rollout's id is the salt of the assignment: without one nobody could say whom the challenger serves.
  ADD CONSTRAINT routes_challenger_needs_a_rollout CHECK (challenger_version IS NULL OR rollout_id IS NOT NULL),
  ADD CONSTRAINT routes_rollout_has_a_stage CHECK ((rollout_id IS NULL) = (stage IS NULL)),
  ADD CONSTRAINT routes_stage_counts_from_0 CHECK (stage >= 0),
  ADD CONSTRAINT routes_roles_are_distinct CHECK (
    challenger_version <> champion_version
    AND standby_version <> champion_version
    AND standby_version <> challenger_version);

-- A route without a champion is none, and a deleted one would begin again at revision 1.
CREATE TRIGGER routes_stay BEFORE DELETE OR TRUNCATE ON routes
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every state that a route was in, from `at` until the next one's.
CREATE TABLE route_history (
  name text NOT NULL REFERENCES routes,
  revision integer NOT NULL CHECK (revision > 0),
  champion_version integer NOT NULL,
  challenger_version integer,
  weight double precision NOT NULL DEFAULT 0,
  rollout_id text,
  stage integer,
  standby_version integer,
  log_inputs boolean NOT NULL DEFAULT false,
  -- As exact as the text that a program gets of it, so that asking for that very moment finds this row.
  at timestamptz NOT NULL CHECK (at = date_trunc('milliseconds', at)),
  actor text NOT NULL,
  reason text NOT NULL,
  idempotency_key text NOT NULL,
  PRIMARY KEY (name, revision),
  UNIQUE (name, revision, champion_version),
  UNIQUE (name, idempotency_key),
  FOREIGN KEY (name, champion_version) REFERENCES versions
);
CREATE INDEX route_history_at ON route_history (name, at DESC, revision DESC);

-- The audit tells of every change that was made before there was a history.
INSERT INTO route_history (name, revision, champion_version, at, actor, reason, idempotency_key)
  SELECT routes.name, (details ->> 'revision')::integer, (details ->> 'champion')::integer, audit.at, actor,
         'taken from the audit', format('audit/%s', audit.id)
  FROM audit JOIN routes ON subject = format('route/%s', routes.name)
  WHERE action = 'route.change';
-- A route that was changed past this program has at least its present state.
INSERT INTO route_history (name, revision, champion_version, at, actor, reason, idempotency_key)
  SELECT name, revision, champion_version, date_trunc('milliseconds', clock_timestamp()), 'migration',
         'the state that was found', 'migration/0002_routes'
  FROM routes
  ON CONFLICT DO NOTHING;

CREATE TRIGGER route_history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON route_history
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- No route without the history of how it came to be so: looked at when the transaction commits. With it and the
-- trigger routes_count_changes the history has no gaps.
ALTER TABLE routes ADD CONSTRAINT routes_are_history
  FOREIGN KEY (name, revision, champion_version) REFERENCES route_history (name, revision, champion_version)
  DEFERRABLE INITIALLY DEFERRED;

-- Gateways listen. Whoever changes a route, this program or not, tells them: once, when the transaction commits.
-- routeWatch.ts computes the same channel; a schema's own name may be as long as a channel's may be.
CREATE FUNCTION tell_gateways() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(format('perennial_routes_%s', hashtextextended(TG_TABLE_SCHEMA, 0)), NEW.name);
  RETURN NULL;
END
$$;
CREATE TRIGGER routes_are_announced AFTER INSERT OR UPDATE ON routes
  FOR EACH ROW EXECUTE FUNCTION tell_gateways();

-- ---- gateways -------------------------------------------------------------------------------------------------

-- A process that serves, for as long as it renews its lease. Half of each page stays free, so that a renewal stays on
-- its page and no index grows.
CREATE TABLE gateways (
  id text PRIMARY KEY,
  url text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL,
  renewed_at timestamptz NOT NULL,
  left_at timestamptz, -- It said that it goes. What it had dropped still counts.
  revisions json NOT NULL,
  loaded json NOT NULL,
  failed json NOT NULL,
  dropped bigint NOT NULL CHECK (dropped >= 0)
) WITH (fillfactor = 50);

-- ---- API keys -------------------------------------------------------------------------------------------------

CREATE TABLE api_keys (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{12}$'),
  name text NOT NULL,
  roles text[] NOT NULL
    CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['predict', 'label', 'operate', 'admin']),
  secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32), -- SHA-256 of the whole key.
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamptz
);

-- A key is revoked once and is changed in no other way.
CREATE TRIGGER api_keys_are_only_revoked BEFORE UPDATE ON api_keys
  FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL
                     OR to_jsonb(NEW) - 'revoked_at' IS DISTINCT FROM to_jsonb(OLD) - 'revoked_at')
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER api_keys_stay BEFORE DELETE OR TRUNCATE ON api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
