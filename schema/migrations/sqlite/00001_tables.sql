-- Ids are text, moments are microseconds UTC, documents are bytes. Every state has a CHECK. Foreign keys are checked at
-- commit, because heads are written after the rows that hang on them (see store/commit.go).

-- +goose Up

CREATE TABLE orgs (
    id        TEXT   NOT NULL PRIMARY KEY,
    slug      TEXT   NOT NULL UNIQUE,
    name      TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    area      TEXT   NOT NULL,
    status    TEXT   NOT NULL CHECK (status IN ('active', 'suspended')),
    caretaker TEXT   NOT NULL,
    revision  BIGINT NOT NULL CHECK (revision > 0)
);

CREATE TABLE people (
    id     TEXT NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    name   TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended'))
);

CREATE TABLE memberships (
    person      TEXT   NOT NULL REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED,
    org         TEXT   NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    role        TEXT   NOT NULL CHECK (role IN
        ('reader', 'contributor', 'focal_point', 'reviewer', 'publisher', 'administrator', 'auditor')),
    ends        BIGINT NOT NULL,
    competences BLOB   NOT NULL,
    languages   BLOB   NOT NULL,
    PRIMARY KEY (person, org, role)
) WITHOUT ROWID;
CREATE INDEX memberships_org ON memberships (org);

CREATE TABLE tokens (
    id        TEXT   NOT NULL PRIMARY KEY,
    hash      TEXT   NOT NULL UNIQUE,
    name      TEXT   NOT NULL,
    person    TEXT   NOT NULL REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED,
    org       TEXT   NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    scopes    BLOB   NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    revoked   BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);
CREATE INDEX tokens_org ON tokens (org);
CREATE INDEX tokens_person ON tokens (person);

CREATE TABLE sessions (
    hash    TEXT   NOT NULL PRIMARY KEY,
    person  TEXT   NOT NULL REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED,
    org     TEXT   NOT NULL,
    data    BLOB   NOT NULL,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE grants (
    id     TEXT   NOT NULL PRIMARY KEY,
    org    TEXT   NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    action TEXT   NOT NULL CHECK (action IN ('submit', 'review', 'publish')),
    scope  BLOB   NOT NULL,
    begins BIGINT NOT NULL,
    ends   BIGINT NOT NULL
);
CREATE INDEX grants_org ON grants (org);

CREATE TABLE policy_epoch (
    id    SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch BIGINT   NOT NULL
);
INSERT INTO policy_epoch (id, epoch) VALUES (1, 1);

CREATE TABLE settings (
    name     TEXT   NOT NULL PRIMARY KEY,
    value    TEXT   NOT NULL,
    proposed TEXT   NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0)
);

CREATE TABLE records (
    id           TEXT     NOT NULL PRIMARY KEY,
    no           BIGINT   NOT NULL UNIQUE CHECK (no > 0),
    owner        TEXT     NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    originator   TEXT     NOT NULL,
    state        TEXT     NOT NULL CHECK (state IN ('reserved', 'live', 'held', 'withdrawn', 'merged')),
    handling     BLOB     NOT NULL,
    marking      SMALLINT NOT NULL CHECK (marking IN (0, 1, 2)),
    edition      BIGINT   NOT NULL CHECK (edition >= 0),
    revision     BIGINT   NOT NULL CHECK (revision > 0),
    created      BIGINT   NOT NULL,
    reason       TEXT     NOT NULL,
    merged_into  TEXT     NOT NULL,
    batch        TEXT     NOT NULL,
    review_depth TEXT     NOT NULL,
    last_seq     BIGINT   NOT NULL CHECK (last_seq > 0)
);
CREATE INDEX records_owner ON records (owner);
CREATE INDEX records_batch ON records (batch) WHERE batch <> '';

CREATE TABLE recipients (
    record TEXT NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    org    TEXT NOT NULL,
    PRIMARY KEY (record, org)
) WITHOUT ROWID;
CREATE INDEX recipients_org ON recipients (org);

CREATE TABLE external_ids (
    owner  TEXT NOT NULL,
    scheme TEXT NOT NULL,
    value  TEXT NOT NULL,
    record TEXT NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    item   TEXT NOT NULL,
    PRIMARY KEY (owner, scheme, value)
) WITHOUT ROWID;
CREATE INDEX external_ids_record ON external_ids (record);

CREATE TABLE versions (
    id           TEXT     NOT NULL PRIMARY KEY,
    record       TEXT     NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    n            BIGINT   NOT NULL CHECK (n > 0),
    class        TEXT     NOT NULL CHECK (class IN ('initial', 'editorial', 'translation', 'situation_update',
        'correction', 'reclassification', 'redaction', 'handling')),
    state        TEXT     NOT NULL CHECK (state IN ('draft', 'submitted', 'in_review', 'changes_requested',
        'reviewed', 'scheduled', 'published', 'declined', 'discarded')),
    base         BIGINT   NOT NULL CHECK (base >= 0),
    edition      BIGINT   NOT NULL CHECK (edition >= 0),
    body         BLOB     NOT NULL,
    handling     BLOB     NOT NULL,
    marking      SMALLINT NOT NULL CHECK (marking IN (0, 1, 2)),
    content_hash TEXT     NOT NULL,
    author       TEXT     NOT NULL,
    authors      BLOB     NOT NULL,
    round        BIGINT   NOT NULL CHECK (round >= 0),
    revision     BIGINT   NOT NULL CHECK (revision > 0),
    submitted    BIGINT   NOT NULL,
    updated      BIGINT   NOT NULL,
    reason       TEXT     NOT NULL,
    flags        BLOB     NOT NULL,
    depth        TEXT     NOT NULL,
    UNIQUE (record, n)
);
CREATE UNIQUE INDEX versions_open ON versions (record)
    WHERE state IN ('draft', 'submitted', 'in_review', 'changes_requested', 'reviewed', 'scheduled');
CREATE UNIQUE INDEX versions_edition ON versions (record, edition) WHERE edition > 0;
CREATE INDEX versions_work ON versions (state, updated, id)
    WHERE state IN ('draft', 'submitted', 'in_review', 'changes_requested', 'reviewed', 'scheduled');

CREATE TABLE terms (
    version TEXT NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    kind    TEXT NOT NULL,
    code    TEXT NOT NULL,
    PRIMARY KEY (version, kind, code)
) WITHOUT ROWID;

CREATE TABLE contents (
    hash   TEXT   NOT NULL PRIMARY KEY,
    salt   BLOB   NOT NULL,
    schema TEXT   NOT NULL,
    bytes  BLOB   NOT NULL
);

CREATE TABLE attestations (
    id            TEXT   NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL CHECK (kind IN ('consent', 'recommend', 'approve', 'second')),
    record        TEXT   NOT NULL,
    version       TEXT   NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    content_hash  TEXT   NOT NULL,
    handling_hash TEXT   NOT NULL,
    person        TEXT   NOT NULL,
    org           TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    voided        BIGINT NOT NULL,
    checklist     BLOB   NOT NULL,
    depth         TEXT   NOT NULL
);
CREATE INDEX attestations_version ON attestations (version);

CREATE TABLE assignments (
    id       TEXT     NOT NULL PRIMARY KEY,
    record   TEXT     NOT NULL,
    version  TEXT     NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    person   TEXT     NOT NULL,
    org      TEXT     NOT NULL,
    duty     TEXT     NOT NULL CHECK (duty IN ('review', 'publish')),
    declared SMALLINT NOT NULL CHECK (declared BETWEEN 0 AND 7),
    at       BIGINT   NOT NULL,
    released BIGINT   NOT NULL,
    why      TEXT     NOT NULL CHECK (why IN ('', 'hand', 'clock', 'suspended', 'decided'))
);
CREATE INDEX assignments_version ON assignments (version);
CREATE UNIQUE INDEX assignments_open ON assignments (person, version, duty) WHERE released = 0;
CREATE INDEX assignments_org ON assignments (org, version) WHERE released = 0;

CREATE TABLE comments (
    id         TEXT   NOT NULL PRIMARY KEY,
    record     TEXT   NOT NULL,
    version    TEXT   NOT NULL REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,
    round      BIGINT NOT NULL,
    pointer    TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    text       TEXT   NOT NULL,
    suggestion BLOB   NOT NULL,
    person     TEXT   NOT NULL,
    org        TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    accepted   BIGINT NOT NULL
);
CREATE INDEX comments_version ON comments (version);

CREATE TABLE relations (
    subject TEXT NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    kind    TEXT NOT NULL,
    object  TEXT NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (subject, kind, object)
) WITHOUT ROWID;
CREATE INDEX relations_object ON relations (object);

CREATE TABLE standing_consents (
    id      TEXT   NOT NULL PRIMARY KEY,
    org     TEXT   NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    record  TEXT   NOT NULL,
    person  TEXT   NOT NULL,
    begins  BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    revoked BIGINT NOT NULL
);
CREATE INDEX standing_consents_org ON standing_consents (org, record);

CREATE TABLE break_glasses (
    id     TEXT   NOT NULL PRIMARY KEY,
    record TEXT   NOT NULL REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    person TEXT   NOT NULL,
    org    TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    begins BIGINT NOT NULL,
    ends   BIGINT NOT NULL
);
CREATE INDEX break_glasses_person ON break_glasses (person, ends);

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
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_public_current ON views_public (record) WHERE is_current;
CREATE UNIQUE INDEX views_public_no ON views_public (no) WHERE is_current;
CREATE INDEX views_public_newest ON views_public (published DESC, no DESC) WHERE is_current AND tombstone = '';

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
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_members_current ON views_members (record) WHERE is_current;
CREATE UNIQUE INDEX views_members_no ON views_members (no) WHERE is_current;
CREATE INDEX views_members_newest ON views_members (published DESC, no DESC) WHERE is_current AND tombstone = '';

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
    tombstone   TEXT    NOT NULL CHECK (tombstone IN ('', 'withdrawn', 'merged', 'restricted')),
    reason      TEXT    NOT NULL,
    merged_into TEXT    NOT NULL,
    PRIMARY KEY (record, edition)
);
CREATE UNIQUE INDEX views_named_current ON views_named (record) WHERE is_current;
CREATE UNIQUE INDEX views_named_no ON views_named (no) WHERE is_current;
CREATE INDEX views_named_newest ON views_named (published DESC, no DESC) WHERE is_current AND tombstone = '';

CREATE TABLE ledger (
    seq          BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    at           BIGINT NOT NULL,
    person       TEXT   NOT NULL,
    org          TEXT   NOT NULL,
    via          TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    version      TEXT   NOT NULL,
    content_hash TEXT   NOT NULL,
    details_hash TEXT   NOT NULL,
    prev         TEXT   NOT NULL,
    hash         TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX ledger_subject ON ledger (subject, seq);
CREATE INDEX ledger_org ON ledger (org, seq);
CREATE UNIQUE INDEX ledger_closed_day ON ledger (subject) WHERE action = 'events.close';

CREATE TABLE ledger_head (
    chain TEXT   NOT NULL PRIMARY KEY CHECK (chain IN ('ledger', 'public', 'members', 'named')),
    seq   BIGINT NOT NULL,
    hash  TEXT   NOT NULL
);
INSERT INTO ledger_head (chain, seq, hash) VALUES ('ledger', 0, ''), ('public', 0, ''), ('members', 0, ''), ('named', 0, '');

CREATE TABLE ledger_details (
    seq  BIGINT NOT NULL PRIMARY KEY REFERENCES ledger (seq) DEFERRABLE INITIALLY DEFERRED,
    salt BLOB   NOT NULL,
    json BLOB   NOT NULL
);

CREATE TABLE feed (
    tier      SMALLINT NOT NULL CHECK (tier IN (0, 1, 2)),
    no        BIGINT   NOT NULL CHECK (no > 0),
    at        BIGINT   NOT NULL,
    record    TEXT     NOT NULL,
    edition   BIGINT   NOT NULL,
    kind      TEXT     NOT NULL CHECK (kind IN ('published', 'edition', 'narrowed', 'tombstone', 'restored')),
    view_hash TEXT     NOT NULL,
    prev      TEXT     NOT NULL,
    hash      TEXT     NOT NULL,
    seq       BIGINT   NOT NULL REFERENCES ledger (seq) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (tier, no)
) WITHOUT ROWID;
CREATE INDEX feed_record ON feed (record);

CREATE TABLE events (
    day     BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    person  TEXT   NOT NULL,
    org     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    count   BIGINT NOT NULL CHECK (count > 0),
    first   BIGINT NOT NULL,
    last    BIGINT NOT NULL,
    PRIMARY KEY (day, kind, person, org, subject)
);

CREATE TABLE imports (
    id         TEXT   NOT NULL PRIMARY KEY,
    org        TEXT   NOT NULL REFERENCES orgs (id) DEFERRABLE INITIALLY DEFERRED,
    person     TEXT   NOT NULL,
    profile    TEXT   NOT NULL,
    files      BLOB   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('loading', 'loaded', 'submitted', 'in_review', 'sampled',
        'recommended', 'returned', 'published')),
    created    BIGINT NOT NULL,
    rows       BIGINT NOT NULL,
    new        BIGINT NOT NULL,
    unchanged  BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    step       TEXT   NOT NULL,
    done       BIGINT NOT NULL,
    seed       BLOB   NOT NULL,
    sample     BLOB   NOT NULL,
    checked    BLOB   NOT NULL,
    flagged    BLOB   NOT NULL,
    mapping_by TEXT   NOT NULL,
    reviewer   TEXT   NOT NULL,
    review_org TEXT   NOT NULL,
    revision   BIGINT NOT NULL CHECK (revision > 0)
);
CREATE INDEX imports_org ON imports (org, created);

CREATE TABLE import_rows (
    batch     TEXT   NOT NULL REFERENCES imports (id) DEFERRABLE INITIALLY DEFERRED,
    ordinal   BIGINT NOT NULL,
    file      TEXT   NOT NULL,
    line      BIGINT NOT NULL,
    row_id    TEXT   NOT NULL,
    outcome   TEXT   NOT NULL CHECK (outcome IN ('created', 'unchanged', 'updated', 'refused')),
    record    TEXT   NOT NULL,
    body_hash TEXT   NOT NULL,
    field     TEXT   NOT NULL,
    value     TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    step      TEXT   NOT NULL,
    step_why  TEXT   NOT NULL,
    PRIMARY KEY (batch, ordinal)
) WITHOUT ROWID;
CREATE INDEX import_rows_record ON import_rows (record) WHERE record <> '';

CREATE TABLE followers (
    name     TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    at       BIGINT NOT NULL
);

CREATE TABLE idempotency (
    key      TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    response BLOB   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (key, person)
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);
