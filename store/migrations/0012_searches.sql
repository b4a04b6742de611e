-- A candidate may also end for want of time or memory, or be stopped on the way by successive halving, which scores it
-- on a growing share of a resource, rung by rung: `rung` and `share` then say how far it came.
ALTER TABLE candidates
  ADD COLUMN rung integer CHECK (rung >= 0),
  ADD COLUMN share double precision CHECK (share > 0 AND share <= 1),
  DROP CONSTRAINT candidates_status_check,
  ADD CONSTRAINT candidates_status_check
    CHECK (status IN ('done', 'refused', 'timed-out', 'out-of-memory', 'stopped')),
  DROP CONSTRAINT candidates_refused_say_why,
  ADD CONSTRAINT candidates_others_say_why CHECK (status = 'done' OR reason IS NOT NULL);

-- A candidate on one rung. The highest one's is the candidate's own row as well.
CREATE TABLE trials (
  name text NOT NULL,
  run integer NOT NULL,
  index integer NOT NULL CHECK (index >= 0),
  rung integer NOT NULL CHECK (rung >= 0),
  share double precision NOT NULL CHECK (share > 0 AND share <= 1),
  learner text NOT NULL,
  params json NOT NULL,
  status text NOT NULL CHECK (status IN ('done', 'refused', 'timed-out', 'out-of-memory')),
  mean double precision,
  std double precision,
  folds json,
  reason text,
  duration_ms double precision,
  PRIMARY KEY (name, run, index, rung),
  FOREIGN KEY (name, run) REFERENCES runs,
  CONSTRAINT trials_done_have_a_score CHECK (status <> 'done' OR mean IS NOT NULL),
  CONSTRAINT trials_others_say_why CHECK (status = 'done' OR reason IS NOT NULL)
);
