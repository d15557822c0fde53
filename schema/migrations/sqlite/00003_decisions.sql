-- What waits for somebody, notices beside records, records that are held or quarantined, and what was purged. SQLite cannot
-- change a CHECK: such a table is written anew. Nothing refers to those that are.

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
) WITHOUT ROWID;
CREATE INDEX waiting_since ON waiting (since, record, kind);
CREATE INDEX waiting_until ON waiting (kind, until);

CREATE TABLE notes (
    id     TEXT     NOT NULL PRIMARY KEY,
    record TEXT     NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    tier   SMALLINT NOT NULL CHECK (tier IN (0, 1, 2)),
    code   TEXT     NOT NULL,
    words  BLOB     NOT NULL,
    person TEXT     NOT NULL,
    org    TEXT     NOT NULL,
    since  BIGINT   NOT NULL,
    ended  BIGINT   NOT NULL
);
CREATE INDEX notes_record ON notes (record);

CREATE INDEX break_glasses_record ON break_glasses (record, ends);

ALTER TABLE views_public RENAME TO old_views_public;
DROP INDEX views_public_current;
DROP INDEX views_public_no;
DROP INDEX views_public_newest;
CREATE TABLE views_public (
    record      TEXT    NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    edition     BIGINT  NOT NULL CHECK (edition > 0),
    no          BIGINT  NOT NULL,
    is_current  BOOLEAN NOT NULL,
    bytes       BLOB    NOT NULL,
    hash        TEXT    NOT NULL,
    title       BLOB    NOT NULL,
    unit        TEXT    NOT NULL,
    earliest    BIGINT  NOT NULL,
    latest      BIGINT  NOT NULL,
    deaths_low  BIGINT  NOT NULL,
    codes       BLOB    NOT NULL,
    owner       TEXT    NOT NULL,
    shown_owner TEXT    NOT NULL,
    recipients  BLOB    NOT NULL,
    published   BIGINT  NOT NULL,
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_public_current ON views_public (record) WHERE is_current;
CREATE UNIQUE INDEX views_public_no ON views_public (no) WHERE is_current;
CREATE INDEX views_public_newest ON views_public (published DESC, no DESC) WHERE is_current AND tombstone = '';
INSERT INTO views_public SELECT * FROM old_views_public;
DROP TABLE old_views_public;

ALTER TABLE views_members RENAME TO old_views_members;
DROP INDEX views_members_current;
DROP INDEX views_members_no;
DROP INDEX views_members_newest;
CREATE TABLE views_members (
    record      TEXT    NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    edition     BIGINT  NOT NULL CHECK (edition > 0),
    no          BIGINT  NOT NULL,
    is_current  BOOLEAN NOT NULL,
    bytes       BLOB    NOT NULL,
    hash        TEXT    NOT NULL,
    title       BLOB    NOT NULL,
    unit        TEXT    NOT NULL,
    earliest    BIGINT  NOT NULL,
    latest      BIGINT  NOT NULL,
    deaths_low  BIGINT  NOT NULL,
    codes       BLOB    NOT NULL,
    owner       TEXT    NOT NULL,
    shown_owner TEXT    NOT NULL,
    recipients  BLOB    NOT NULL,
    published   BIGINT  NOT NULL,
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_members_current ON views_members (record) WHERE is_current;
CREATE UNIQUE INDEX views_members_no ON views_members (no) WHERE is_current;
CREATE INDEX views_members_newest ON views_members (published DESC, no DESC) WHERE is_current AND tombstone = '';
INSERT INTO views_members SELECT * FROM old_views_members;
DROP TABLE old_views_members;

ALTER TABLE views_named RENAME TO old_views_named;
DROP INDEX views_named_current;
DROP INDEX views_named_no;
DROP INDEX views_named_newest;
CREATE TABLE views_named (
    record      TEXT    NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    edition     BIGINT  NOT NULL CHECK (edition > 0),
    no          BIGINT  NOT NULL,
    is_current  BOOLEAN NOT NULL,
    bytes       BLOB    NOT NULL,
    hash        TEXT    NOT NULL,
    title       BLOB    NOT NULL,
    unit        TEXT    NOT NULL,
    earliest    BIGINT  NOT NULL,
    latest      BIGINT  NOT NULL,
    deaths_low  BIGINT  NOT NULL,
    codes       BLOB    NOT NULL,
    owner       TEXT    NOT NULL,
    shown_owner TEXT    NOT NULL,
    recipients  BLOB    NOT NULL,
    published   BIGINT  NOT NULL,
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted', 'held', 'purged')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_named_current ON views_named (record) WHERE is_current;
CREATE UNIQUE INDEX views_named_no ON views_named (no) WHERE is_current;
CREATE INDEX views_named_newest ON views_named (published DESC, no DESC) WHERE is_current AND tombstone = '';
INSERT INTO views_named SELECT * FROM old_views_named;
DROP TABLE old_views_named;

ALTER TABLE assignments RENAME TO old_assignments;
DROP INDEX assignments_version;
DROP INDEX assignments_open;
DROP INDEX assignments_org;
CREATE TABLE assignments (
    id       TEXT     NOT NULL PRIMARY KEY,
    record   TEXT     NOT NULL,
    version  TEXT     NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    person   TEXT     NOT NULL,
    org      TEXT     NOT NULL,
    duty     TEXT     NOT NULL CHECK (duty IN ('review', 'publish', 'sensitivity')),
    declared SMALLINT NOT NULL CHECK (declared BETWEEN 0 AND 7),
    at       BIGINT   NOT NULL,
    released BIGINT   NOT NULL,
    why      TEXT     NOT NULL CHECK (why IN ('', 'hand', 'clock', 'suspended', 'decided'))
);
CREATE INDEX assignments_version ON assignments (version);
CREATE UNIQUE INDEX assignments_open ON assignments (person, version, duty) WHERE released = 0;
CREATE INDEX assignments_org ON assignments (org, version) WHERE released = 0;
INSERT INTO assignments SELECT * FROM old_assignments;
DROP TABLE old_assignments;

ALTER TABLE feed RENAME TO old_feed;
DROP INDEX feed_record;
CREATE TABLE feed (
    tier      SMALLINT NOT NULL CHECK (tier IN (0, 1, 2)),
    no        BIGINT   NOT NULL CHECK (no > 0),
    at        BIGINT   NOT NULL,
    record    TEXT     NOT NULL,
    edition   BIGINT   NOT NULL,
    kind      TEXT     NOT NULL CHECK (kind IN ('published', 'edition', 'narrowed', 'tombstone', 'restored', 'noted')),
    view_hash TEXT     NOT NULL,
    prev      TEXT     NOT NULL,
    hash      TEXT     NOT NULL,
    seq       BIGINT   NOT NULL REFERENCES ledger (seq) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (tier, no)
) WITHOUT ROWID;
CREATE INDEX feed_record ON feed (record);
INSERT INTO feed SELECT * FROM old_feed;
DROP TABLE old_feed;
