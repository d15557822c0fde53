package auth

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"

	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// shelf is where scs keeps sessions. Moments are those of the store's clock: what scs, which reads that of the system, says
// of them is passed over. scs only changes what is there: begin puts a session here and nothing else does, so one that
// was ended while a request was under way stays ended.
type shelf struct {
	scs.Store // methods without a context, which scs does not call where it finds one with
	store     *store.Store
}

// FindCtx gives what a session holds, and notes once a minute that it was used.
func (s shelf) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.store.Read(ctx, func(tx *store.Tx) error {
		session, ok, err := tx.Session(Hash(token))
		now := s.store.Clock()
		if err != nil || !ok || now >= session.Expires || now >= session.Seen+incident.Micros(sessionIdle.Microseconds()) {
			return err
		}
		if now-session.Seen >= touchEvery {
			s.store.Events().TouchSession(session.Hash)
		}
		data, found = session.Data, true
		return nil
	})
	return data, found, err
}

// CommitCtx keeps what a session holds.
func (s shelf) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return err
	}
	org, _ := values[keyOrg].(string)
	return s.store.KeepSession(ctx, Hash(token), org, data)
}

// DeleteCtx ends a session.
func (s shelf) DeleteCtx(ctx context.Context, token string) error {
	return s.store.EndSession(ctx, Hash(token))
}
