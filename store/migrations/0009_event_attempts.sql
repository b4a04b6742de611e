-- An event that cannot be told waits by itself: how often it was tried, why it failed last, and when it is tried next.
ALTER TABLE lifecycle_events
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN failure text,
  ADD COLUMN next_at timestamptz;
