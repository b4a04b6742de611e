-- The inputs of predictions as bytes (loggedInputs.ts), which cost a gateway a tenth of what JSON did. What was logged as
-- JSON stays JSON, of which these are the bytes.
DROP VIEW prediction_rows;
ALTER TABLE predictions ALTER COLUMN inputs TYPE bytea USING convert_to(inputs::text, 'UTF8');

-- As in 0003.
CREATE VIEW prediction_rows AS
  SELECT at, request_id, name, version, arm, rollout_id, stage, status, latency_us, position,
         coalesce(row_indexes[position + 1], position) AS row_index,
         coalesce(CASE WHEN cardinality(keys) = 1 THEN keys[1] ELSE keys[position + 1] END, request_id) AS key,
         outputs[position * (cardinality(outputs) / rows) + 1 : (position + 1) * (cardinality(outputs) / rows)] AS outputs,
         inputs
  FROM predictions CROSS JOIN LATERAL generate_series(0, rows - 1) AS position;
