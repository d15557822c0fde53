package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"bioincident/internal/incident"
)

// Fulltext is what search is measured against: the same views in a table of PostgreSQL with its own full-text search, one
// text vector for all languages, facet codes in an array, both under GIN, and each reader's wall a column. It is asked
// without HTTP in between.
type Fulltext struct{ pool *pgxpool.Pool }

// Entry is one view as the table holds it.
type Entry struct {
	ID, Tier  string
	Published int64
	Title     string
	Texts     map[string]string // by language
	Facets    []string          // facet:code
}

// fulltextTable is a table of its own, in a schema that is thrown away.
const fulltextTable = "bench_fulltext.views"

// OpenFulltext connects, and makes the table anew.
func OpenFulltext(ctx context.Context, url string) (*Fulltext, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `DROP SCHEMA IF EXISTS bench_fulltext CASCADE; CREATE SCHEMA bench_fulltext;
		CREATE TABLE `+fulltextTable+` (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text, tier text, published bigint,
			title text, body text, words tsvector, facets text[])`)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Fulltext{pool}, nil
}

// Close throws the table away.
func (f *Fulltext) Close(ctx context.Context) error {
	_, err := f.pool.Exec(ctx, "DROP SCHEMA bench_fulltext CASCADE")
	f.pool.Close()
	return err
}

// configuration names PostgreSQL's own analysis of a language; it has none for Chinese.
func configuration(language string) string {
	switch language {
	case "ar":
		return "arabic"
	case "en":
		return "english"
	case "es":
		return "spanish"
	case "fr":
		return "french"
	case "ru":
		return "russian"
	}
	return "simple"
}

// Put adds views.
func (f *Fulltext) Put(ctx context.Context, entries []Entry) error {
	var batch pgx.Batch
	for _, e := range entries {
		vector, args := []string{"setweight(to_tsvector('simple', $5), 'A')"}, []any{e.ID, e.Tier, e.Published, e.Facets, e.Title}
		var body []string
		for _, language := range incident.Languages() {
			if text := e.Texts[language]; text != "" {
				args = append(args, text)
				vector = append(vector, fmt.Sprintf("to_tsvector('%s', $%d)", configuration(language), len(args)))
				body = append(body, text)
			}
		}
		args = append(args, strings.Join(body, "\n"))
		batch.Queue(fmt.Sprintf(`INSERT INTO %s (id, tier, published, facets, title, words, body) VALUES ($1, $2, $3, $4, $5, %s, $%d)`,
			fulltextTable, strings.Join(vector, " || "), len(args)), args...)
	}
	return f.pool.SendBatch(ctx, &batch).Close()
}

// Finish makes the indexes and gives the size of everything in bytes.
func (f *Fulltext) Finish(ctx context.Context) (bytes int64, err error) {
	_, err = f.pool.Exec(ctx, `CREATE INDEX ON `+fulltextTable+` USING gin (words); CREATE INDEX ON `+fulltextTable+` USING gin (facets);
		CREATE INDEX ON `+fulltextTable+` (tier, published DESC, no); ANALYZE `+fulltextTable+`;
		CREATE TABLE bench_fulltext.words AS SELECT word, ndoc AS records
			FROM ts_stat($$SELECT words FROM `+fulltextTable+` WHERE tier = 'public'$$);
		CREATE INDEX ON bench_fulltext.words (word text_pattern_ops)`)
	if err == nil {
		err = f.pool.QueryRow(ctx, "SELECT pg_total_relation_size('"+fulltextTable+"')").Scan(&bytes)
	}
	return bytes, err
}

// Search asks what a public reader asks: the first twenty hits with highlights, the total, and the facets counted.
func (f *Fulltext) Search(ctx context.Context, text string, facets []string) (total int64, err error) {
	where, order, args := "tier = 'public'", "published DESC, no", []any{}
	headline := "''"
	if text != "" {
		args = append(args, text)
		var queries []string
		for _, language := range incident.Languages() {
			queries = append(queries, fmt.Sprintf("plainto_tsquery('%s', $1)", configuration(language)))
		}
		query := strings.Join(slices.Compact(queries), " || ")
		where += " AND words @@ (" + query + ")"
		order = "ts_rank(words, " + query + ") DESC, no"
		headline = "ts_headline('english', body, " + query + ")"
	}
	rows, err := f.pool.Query(ctx, `SELECT id, title, `+headline+` FROM (SELECT id, title, body FROM `+fulltextTable+
		` WHERE `+where+` ORDER BY `+order+` LIMIT 20) page`, args...)
	if err != nil {
		return 0, err
	}
	if _, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil {
		return 0, err
	}
	if err := f.pool.QueryRow(ctx, "SELECT count(*) FROM "+fulltextTable+" WHERE "+where, args...).Scan(&total); err != nil {
		return 0, err
	}
	if len(facets) == 0 {
		return total, nil
	}
	args = append(args, facets)
	counted, err := f.pool.Query(ctx, fmt.Sprintf(`SELECT facet, count(*) FROM %s, unnest(facets) facet WHERE %s AND split_part(facet, ':', 1) = ANY($%d)
		GROUP BY facet`, fulltextTable, where, len(args)), args...)
	if err != nil {
		return 0, err
	}
	_, err = pgx.CollectRows(counted, pgx.RowToMap)
	return total, err
}

// Suggest gives words that begin so.
func (f *Fulltext) Suggest(ctx context.Context, prefix string) error {
	rows, err := f.pool.Query(ctx, "SELECT word, records FROM bench_fulltext.words WHERE word LIKE $1 || '%' ORDER BY records DESC LIMIT 10", prefix)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, pgx.RowToMap)
	return err
}
