-- What waits for somebody, notices beside records, records that are held or quarantined, and what was purged.

-- +goose Up

ALTER TABLE records ADD COLUMN quarantined BIGINT NOT NULL DEFAULT 0;
ALTER TABLE records ADD COLUMN purged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN publish_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE waiting (
    record TEXT   NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    kind   TEXT   NOT NULL CHECK (kind IN ('hold', 'confirm', 'widen', 'withdraw', 'merge', 'purge', 'schedule',
        'quarantine', 'appeal')),
    person TEXT   NOT NULL,
    org    TEXT   NOT NULL,
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    why    TEXT   NOT NULL,
    PRIMARY KEY (record, kind)
);
CREATE INDEX waiting_since ON waiting (since, record, kind);
CREATE INDEX waiting_until ON waiting (kind, until);

CREATE TABLE notes (
    id     TEXT     NOT NULL PRIMARY KEY,
    record TEXT     NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    tier   SMALLINT NOT NULL CHECK (tier IN (0, 1, 2)),
    code   TEXT     NOT NULL,
    words  BYTEA    NOT NULL,
    person TEXT     NOT NULL,
    org    TEXT     NOT NULL,
    since  BIGINT   NOT NULL,
    ended  BIGINT   NOT NULL
);
CREATE INDEX notes_record ON notes (record);

CREATE INDEX break_glasses_record ON break_glasses (record, ends);

ALTER TABLE views_public DROP CONSTRAINT views_public_tombstone_check;
ALTER TABLE views_public ADD CONSTRAINT views_public_tombstone_check CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged'));
ALTER TABLE views_members DROP CONSTRAINT views_members_tombstone_check;
ALTER TABLE views_members ADD CONSTRAINT views_members_tombstone_check CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged'));
ALTER TABLE views_named DROP CONSTRAINT views_named_tombstone_check;
ALTER TABLE views_named ADD CONSTRAINT views_named_tombstone_check CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged'));
ALTER TABLE assignments DROP CONSTRAINT assignments_duty_check;
ALTER TABLE assignments ADD CONSTRAINT assignments_duty_check CHECK (duty IN ('review', 'publish', 'sensitivity'));
ALTER TABLE feed DROP CONSTRAINT feed_kind_check;
ALTER TABLE feed ADD CONSTRAINT feed_kind_check CHECK (kind IN ('published', 'edition', 'narrowed', 'tombstone', 'restored', 'noted'));
