-- One edition may be destroyed alone, and that waits for a second person too. SQLite cannot change a CHECK: the table is
-- written anew. Nothing refers to it.

-- +goose Up

ALTER TABLE waiting RENAME TO old_waiting;
DROP INDEX waiting_since;
DROP INDEX waiting_until;
CREATE TABLE waiting (
    record TEXT   NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    kind   TEXT   NOT NULL CHECK (kind IN ('hold', 'confirm', 'widen', 'withdraw', 'merge', 'purge', 'purge_edition',
        'schedule', 'quarantine', 'appeal')),
    person TEXT   NOT NULL,
    org    TEXT   NOT NULL,
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    why    TEXT   NOT NULL,
    PRIMARY KEY (record, kind)
) WITHOUT ROWID;
CREATE INDEX waiting_since ON waiting (since, record, kind);
CREATE INDEX waiting_until ON waiting (kind, until);
INSERT INTO waiting SELECT * FROM old_waiting;
DROP TABLE old_waiting;
