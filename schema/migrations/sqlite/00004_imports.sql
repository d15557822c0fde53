-- +goose Up
-- An import that was interrupted goes on only with the same content; and it can be undone. The check of a state is
-- dropped with its column: SQLite cannot change it.
ALTER TABLE imports ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN stage TEXT NOT NULL DEFAULT 'loading' CHECK (stage IN ('loading', 'loaded', 'submitted',
    'in_review', 'sampled', 'recommended', 'returned', 'published', 'partly_undone', 'undone'));
UPDATE imports SET stage = state;
ALTER TABLE imports DROP COLUMN state;
ALTER TABLE imports RENAME COLUMN stage TO state;
