-- Which days a segment holds records of, up to `newest_day`: a day is kept for as long as what was written to it last, so that
-- a past that is replayed today is not dropped today. NULL in segments of before: their newest day alone.
ALTER TABLE prediction_segments ADD COLUMN oldest_day date;
