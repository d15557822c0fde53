-- One edition may be destroyed alone, and that waits for a second person too.

-- +goose Up

ALTER TABLE waiting DROP CONSTRAINT waiting_kind_check;
ALTER TABLE waiting ADD CONSTRAINT waiting_kind_check CHECK (kind IN ('hold', 'confirm', 'widen', 'withdraw', 'merge', 'purge',
    'purge_edition', 'schedule', 'quarantine', 'appeal'));
