-- A schema is inferred once for each query of a lifecycle: who changes the SELECT means other columns.
-- Those accepted before stand for no query, and are inferred again.
ALTER TABLE accepted_schemas ADD COLUMN query_digest text NOT NULL DEFAULT '';
ALTER TABLE accepted_schemas DROP CONSTRAINT accepted_schemas_pkey, ADD PRIMARY KEY (name, query_digest);
ALTER TABLE accepted_schemas ALTER COLUMN query_digest DROP DEFAULT;
