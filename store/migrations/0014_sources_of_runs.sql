-- What the sources held when a run read them (sources/dataset.ts), so that a watch, however often it begins anew, tells of other
-- data until a training has read it. NULL in runs of before, and where none of the sources could be read.
ALTER TABLE runs ADD COLUMN sources_digest digest_hex;
