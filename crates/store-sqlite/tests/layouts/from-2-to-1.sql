-- Takes a database of layout 2 back to layout 1.
ALTER TABLE content DROP COLUMN sealed;
PRAGMA user_version = 1;
