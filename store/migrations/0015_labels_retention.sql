-- Labels go when the predictions that they are of have gone: 180 days after they were told, by default (config/retention.ts). Of a
-- subject that was corrected since, what held when that span began stays with its later revisions, so that everything that
-- was known at some moment of it can be told. No revision goes while an earlier one stays, which would be the value again.

DROP TRIGGER labels_are_append_only ON labels;
CREATE TRIGGER labels_are_append_only BEFORE UPDATE OR TRUNCATE ON labels
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nobody deletes a label but forget_labels(), which says so for as long as it runs.
CREATE FUNCTION refuse_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('perennial.forgets_labels', true) = 'on' THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER labels_are_forgotten_by_retention BEFORE DELETE ON labels
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_forgetting();

-- At most `most` of one model, the first to arrive first, by labels_by_arrival. Returns how many. The setting is made in the body:
-- as a clause of the function an owner who is no superuser would not be allowed it.
CREATE FUNCTION forget_labels(model text, before timestamptz, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  gone bigint;
BEGIN
  PERFORM set_config('perennial.forgets_labels', 'on', true);
  DELETE FROM labels WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM labels
    WHERE name = model AND received_at < before AND observed_at < before
      -- By probes of an index, one row each: written as NOT EXISTS it may be planned as a join with all labels.
      AND (SELECT next.received_at < before AND next.observed_at < before FROM labels AS next
           WHERE next.name = model AND next.key = labels.key AND next.revision = labels.revision + 1) IS NOT FALSE
      AND (SELECT next.received_at < before AND next.observed_at < before FROM labels AS next
           WHERE next.name = model AND next.request_id = labels.request_id AND next.row_index = labels.row_index
             AND next.revision = labels.revision + 1) IS NOT FALSE
      AND (SELECT true FROM labels AS earlier
           WHERE earlier.name = model AND earlier.key = labels.key AND earlier.revision < labels.revision
             AND (earlier.received_at >= before OR earlier.observed_at >= before) LIMIT 1) IS NULL
      AND (SELECT true FROM labels AS earlier
           WHERE earlier.name = model AND earlier.request_id = labels.request_id AND earlier.row_index = labels.row_index
             AND earlier.revision < labels.revision
             AND (earlier.received_at >= before OR earlier.observed_at >= before) LIMIT 1) IS NULL
    ORDER BY received_at LIMIT most));
  GET DIAGNOSTICS gone = ROW_COUNT;
  PERFORM set_config('perennial.forgets_labels', '', true);
  RETURN gone;
END
$$;
