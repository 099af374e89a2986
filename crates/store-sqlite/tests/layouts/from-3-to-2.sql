-- Takes a database of layout 3 back to layout 2.
DROP INDEX document_changed;
DROP INDEX link_changed;
DROP INDEX node_changed;
ALTER TABLE document DROP COLUMN changed;
ALTER TABLE link DROP COLUMN changed;
ALTER TABLE node DROP COLUMN changed;
DROP TABLE moment;
DROP TABLE removed;
PRAGMA user_version = 2;
