-- Takes a database of layout 4 back to layout 3, with some of the indexes that queries had asked for.
DROP TABLE field;
DROP TABLE field_value;
DROP TABLE field_written;
DELETE FROM sqlite_stat1 WHERE tbl='field_value';
CREATE INDEX "field/1/x_Number" ON document (json_extract(body,'$."x"'),updated DESC,seq DESC) WHERE entity_set=1;
CREATE INDEX "field/1/a/b_Float" ON document (CAST(json_extract(body,'$."a"."b"') AS REAL),updated DESC,seq DESC)
    WHERE entity_set=1;
CREATE INDEX "field/1/published" ON document (published,updated DESC,seq DESC) WHERE entity_set=1;
CREATE INDEX "field/1/seq" ON document (entity_set) WHERE entity_set=1;
INSERT INTO sqlite_stat1 (tbl,idx,stat) VALUES ('document','field/1/x_Number','100000 20 1 1');
INSERT INTO sqlite_stat1 (tbl,idx,stat) VALUES ('document','field/1/seq','100000 100000');
PRAGMA user_version = 3;
