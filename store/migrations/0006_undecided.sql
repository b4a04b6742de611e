-- Of a lifecycle's runs that the gate could not judge, as their champion cannot be compared with: what a person's yes needs
-- to make a version of them. Such a run has ended as `gate-refused`, and stays so: who registered its model stands in the
-- audit.
CREATE TABLE undecided_runs (
  name text NOT NULL,
  run integer NOT NULL,
  candidate integer NOT NULL CHECK (candidate >= 0),
  PRIMARY KEY (name, run),
  FOREIGN KEY (name, run) REFERENCES runs
);
CREATE TRIGGER undecided_runs_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON undecided_runs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
