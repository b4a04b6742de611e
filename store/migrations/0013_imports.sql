-- A version that was trained elsewhere has no run, definition, dataset and evaluation; it says where its file came from.
ALTER TABLE versions
  ALTER COLUMN run DROP NOT NULL,
  ALTER COLUMN definition_hash DROP NOT NULL,
  ALTER COLUMN dataset_digest DROP NOT NULL,
  ALTER COLUMN evaluation_digest DROP NOT NULL,
  ALTER COLUMN cv DROP NOT NULL,
  -- The file as it was given; `digest` is the one that was made of it.
  ADD COLUMN imported_digest digest_hex REFERENCES artifacts,
  ADD COLUMN imported json,
  ADD CONSTRAINT versions_trained_or_imported CHECK (
    CASE WHEN imported IS NULL
      THEN imported_digest IS NULL AND num_nulls(run, definition_hash, dataset_digest, evaluation_digest, cv) = 0
      ELSE imported_digest IS NOT NULL AND num_nonnulls(run, definition_hash, dataset_digest, evaluation_digest, cv) = 0
    END);

-- As in 0005, and the files of imports.
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
      (versions.digest, 'model'), (dataset_digest, 'dataset'), (golden_digest, 'golden'),
      (evaluation_digest, 'evaluation'), (imported_digest, 'imported')) AS v (digest, role)
    WHERE v.digest IS NOT NULL
  UNION ALL
  SELECT digest, 'version', format('model/%s/%s', name, version), 'reference' FROM version_references
  UNION ALL
  SELECT w.digest, 'window', format('watch/%s/%s', name, number), w.role
    FROM watch_windows
    CROSS JOIN LATERAL (VALUES
      (picture_digest, 'picture'), (distribution_digest, 'distributions')) AS w (digest, role)
    WHERE w.digest IS NOT NULL;
