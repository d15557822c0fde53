-- +goose Up
-- An import that was interrupted goes on only with the same content; and it can be undone.
ALTER TABLE imports ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE imports DROP CONSTRAINT imports_state_check;
ALTER TABLE imports ADD CONSTRAINT imports_state_check CHECK (state IN ('loading', 'loaded', 'submitted', 'in_review',
    'sampled', 'recommended', 'returned', 'published', 'partly_undone', 'undone'));
