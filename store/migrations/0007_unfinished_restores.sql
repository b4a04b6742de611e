-- The data of a backup is in, and what was under way in it has yet to be ended and its lifecycles to be started: written with
-- the data, deleted when that is done. Whoever gives the same backup again goes on from here. In no backup itself.
CREATE TABLE unfinished_restores (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  backup digest_hex NOT NULL, -- Of the file's header, which says what is in it and when it was taken.
  summary json NOT NULL
);
