-- People sign in on pages. A password is kept as its argon2id hash, '' where none is good; org is the organization last
-- acted for. A link is kept as the hash of its token; a person has one at a time, and person '' is the first
-- administrator, who does not exist yet. An end of 0 is none.

-- +goose Up

CREATE TABLE credentials (
    person   TEXT   NOT NULL PRIMARY KEY REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED,
    password TEXT   NOT NULL,
    changed  BIGINT NOT NULL,
    org      TEXT   NOT NULL
);

CREATE TABLE links (
    person  TEXT   NOT NULL PRIMARY KEY,
    hash    TEXT   NOT NULL UNIQUE,
    kind    TEXT   NOT NULL CHECK (kind IN ('first', 'invite', 'reset')),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
