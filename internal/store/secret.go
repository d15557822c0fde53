package store

import "context"

// secretBytes is how long a secret is.
const secretBytes = 64

// Secret gives 64 random bytes that this installation keeps under a name, drawn when they are first asked for. Replicas
// share them. They never leave the server: neither the ledger nor an export holds them.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	drawn, err := s.random(secretBytes)
	if err != nil {
		return nil, err
	}
	db := s.writer.WithContext(ctx)
	if err := db.Exec("INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, drawn).Error; err != nil {
		return nil, translate(err)
	}
	var row struct{ Value []byte }
	if err := db.Raw("SELECT value FROM secrets WHERE name = ?", name).Scan(&row).Error; err != nil {
		return nil, translate(err)
	}
	return row.Value, nil
}
