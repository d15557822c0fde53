package store

import (
	"context"

	"gorm.io/gorm"

	"bioincident/internal/incident"
)

// Session is somebody who signed in on pages; only the hash of what their browser holds is kept.
type Session struct {
	Hash    string
	Person  string
	Org     string // acted for
	Data    []byte // of whoever keeps sessions; not read here
	Created incident.Micros
	Seen    incident.Micros
	Expires incident.Micros
}

// writeSignIn ends before it begins: a change may take the place of what it ends.
func (tx *WriteTx) writeSignIn() error {
	s, db := tx.store, tx.db
	return firstError(
		tx.useLinks,
		func() error { return tx.clear("links", "person", tx.dropLinks) },
		func() error { return tx.clear("sessions", "person", tx.endSessions) },
		func() error { return upsert(s, db, tx.credentials, "org") },
		func() error { return upsert(s, db, tx.links) },
	)
}

// useLinks uses links up. Of two who use one at the same moment, one finds it gone.
func (tx *WriteTx) useLinks() error {
	for _, hash := range tx.usedLinks {
		done := tx.db.Exec("DELETE FROM links WHERE hash = ?", hash)
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != 1 {
			return notFound("link")
		}
	}
	return nil
}

// Credential gives what the person of a handle signs in with, by one statement whether there is such a person or not.
func (tx *Tx) Credential(handle string) (Credential, bool, error) {
	row, ok, err := first[credentialRow](tx, "WHERE person = (SELECT id FROM people WHERE handle = ?)", handle)
	return row.credential(), ok, err
}

// LinkByHash gives a link by the hash of its token; NotFound: link.not_found.
func (tx *Tx) LinkByHash(hash string) (Link, error) {
	row, err := must[linkRow](tx, "link", "WHERE hash = ?", hash)
	return row.link(), err
}

// Session gives a session, of whatever age, by its hash.
func (tx *Tx) Session(hash string) (Session, bool, error) {
	row, ok, err := first[sessionRow](tx, "WHERE hash = ?", hash)
	return row.session(), ok, err
}

// BeginSession keeps a new session, and forgets those that have expired.
func (s *Store) BeginSession(ctx context.Context, begun Session) error {
	return translate(s.transact(ctx, func(db *gorm.DB) error {
		return firstError(
			func() error { return db.Exec("DELETE FROM sessions WHERE expires <= ?", int64(begun.Created)).Error },
			func() error { return insert(s, db, []sessionRow{sessionRowOf(begun)}, "") },
			func() error { return remember(db, begun.Hash) },
		)
	}))
}

// KeepSession keeps what changed of a session. One that was ended meanwhile is not begun again.
func (s *Store) KeepSession(ctx context.Context, hash, org string, data []byte) error {
	return translate(s.transact(ctx, func(db *gorm.DB) error {
		kept := db.Exec("UPDATE sessions SET org = ?, data = ? WHERE hash = ?", org, data, hash)
		if kept.Error != nil {
			return kept.Error
		}
		return remember(db, hash)
	}))
}

// remember keeps, for the next session of the person, which organization this one acts for.
func remember(db *gorm.DB, hash string) error {
	return db.Exec(`UPDATE credentials SET org = (SELECT org FROM sessions WHERE hash = ?)
		WHERE person = (SELECT person FROM sessions WHERE hash = ?)`, hash, hash).Error
}

// EndSession forgets a session; that there is none is no error.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return translate(s.writer.WithContext(ctx).Exec("DELETE FROM sessions WHERE hash = ?", hash).Error)
}
