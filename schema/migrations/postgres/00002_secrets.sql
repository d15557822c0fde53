-- +goose Up
-- What an installation draws once and keeps to itself, shared by its replicas.
CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);
