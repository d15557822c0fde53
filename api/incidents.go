package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"bioincident/api/gen"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// GetIncident reads a record. Its ETag is the hash of the bytes served, as of every answer.
func (s *Server) GetIncident(ctx context.Context, in gen.GetIncidentRequestObject) (gen.GetIncidentResponseObject, error) {
	r := asked(ctx)
	reading, err := s.Catalog.Incident(r.ctx, r.who, in.Id, r.lang)
	if err != nil {
		return nil, err
	}
	return gen.GetIncident200JSONResponse{Body: s.incident(r.lang, reading)}, nil
}

// ListEditions lists the editions of a record.
func (s *Server) ListEditions(ctx context.Context, in gen.ListEditionsRequestObject) (gen.ListEditionsResponseObject, error) {
	r := asked(ctx)
	editions, err := s.Catalog.Editions(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	return gen.ListEditions200JSONResponse{Body: gen.EditionList{Id: in.Id, Editions: each(editions, func(e catalog.Edition) gen.Edition {
		return gen.Edition{Edition: e.Edition, Current: e.Current, Published: moment(e.Published), Hash: e.Hash, Tombstone: s.tombstone(r.lang, e.Tombstone)}
	})}}, nil
}

// ListIncidents lists what was published, newest first.
func (s *Server) ListIncidents(ctx context.Context, in gen.ListIncidentsRequestObject) (gen.ListIncidentsResponseObject, error) {
	r := asked(ctx)
	page, err := s.Catalog.List(r.ctx, r.who, catalog.ListIn{Limit: in.Params.Limit, Cursor: s.cursors.Open(in.Params.Cursor), Lang: r.lang})
	if err != nil {
		return nil, err
	}
	return gen.ListIncidents200JSONResponse{Body: gen.IncidentPage{
		Incidents: each(page.Records, func(reading catalog.Reading) gen.Summary { return s.summary(r.lang, reading) }), Next: s.cursors.Next(page.Next), FeedPosition: page.Position.No,
	}}, nil
}

// ReadFeed reads a feed.
func (s *Server) ReadFeed(ctx context.Context, in gen.ReadFeedRequestObject) (gen.ReadFeedResponseObject, error) {
	r := asked(ctx)
	tier := schema.Public
	if in.Params.Tier == gen.ReadFeedParamsTierMembers {
		tier = schema.Members
	}
	page, err := s.Catalog.Feed(r.ctx, r.who, tier, s.cursors.Open(in.Params.Cursor), in.Params.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ReadFeed200JSONResponse{Body: gen.FeedPage{
		Tier: gen.Tier(page.Tier.String()), Next: s.cursors.Seal(page.Next), More: page.More,
		Entries: each(page.Items, func(e catalog.FeedItem) gen.FeedEntry {
			return gen.FeedEntry{
				No: e.No, At: moment(e.At), Id: e.ID, Edition: e.Edition, Kind: gen.FeedKind(e.Kind),
				ViewHash: e.ViewHash, Prev: e.Prev, Hash: e.Hash,
			}
		}),
	}}, nil
}

func (s *Server) incident(lang string, r catalog.Reading) gen.Incident {
	out := gen.Incident{
		Id: r.ID, Edition: r.Edition, Current: r.Current, Tier: gen.Tier(r.Tier.String()), Title: r.Title, Facts: r.Facts,
		Unit: r.Unit, Cause: r.Cause, ReferenceDate: string(r.Reference), ReferenceIs: r.ReferenceIs,
		Published: moment(r.Published), Owner: r.Owner, Licence: r.Licence, ReviewDepth: r.ReviewDepth,
		ExternalIds: externalIDs(r.ExternalIDs), Hash: r.Hash, Tombstone: s.tombstone(lang, r.Tombstone),
	}
	if r.Tombstone == nil {
		out.View = json.RawMessage(r.Bytes)
		out.Notes = each(r.Notes, func(n catalog.Note) gen.Caution {
			return gen.Caution{Id: n.ID, Code: n.Code, Text: s.Message.Say(lang, "note."+n.Code, nil), Words: n.Words, Since: moment(n.Since)}
		})
	}
	return out
}

func (s *Server) tombstone(lang string, t *catalog.Tombstone) gen.Tombstone {
	if t == nil {
		return gen.Tombstone{}
	}
	out := gen.Tombstone{What: gen.TombstoneWhat(t.What), Reason: t.Reason, MergedInto: t.MergedInto, Until: moment(t.Until)}
	day := incident.Date(out.Until.Format(time.DateOnly))
	out.Words = s.Message.Say(lang, "tombstone."+t.What, map[string]any{"until": s.Message.Date(day, lang)})
	return out
}

// flags say that there are caution notes beside a record, and since when.
func (s *Server) flags(lang string, notes []catalog.Note) []gen.Flag {
	return each(notes, func(n catalog.Note) gen.Flag {
		return gen.Flag{Code: n.Code, Text: s.Message.Say(lang, "note."+n.Code, nil), Since: moment(n.Since)}
	})
}

func (s *Server) summary(lang string, r catalog.Reading) gen.Summary {
	return gen.Summary{
		Id: r.ID, Edition: r.Edition, Tier: gen.Tier(r.Tier.String()), Title: r.Title, Facts: r.Facts, Unit: r.Unit, Cause: r.Cause,
		ReferenceDate: string(r.Reference), ReferenceIs: r.ReferenceIs, Published: moment(r.Published), Owner: r.Owner,
		Licence: r.Licence, ReviewDepth: r.ReviewDepth, ExternalIds: externalIDs(r.ExternalIDs), Notes: s.flags(lang, r.Notes),
	}
}

func externalIDs(ids []catalog.ExternalID) []gen.ExternalId {
	return each(ids, func(id catalog.ExternalID) gen.ExternalId { return gen.ExternalId{Scheme: id.Scheme, Value: id.Value} })
}

// stream answers with JSON Lines. What fails before the first line is an ordinary refusal; what fails later is the last
// line.
func (s *Server) stream(r request, run func(ctx context.Context, out *lines) error) streamed {
	return streamed{run: func(w http.ResponseWriter) error {
		out := newLines(w)
		err := run(r.ctx, out)
		if err == nil || !out.begun {
			return err
		}
		if r.ctx.Err() != nil {
			return nil // nobody listens any more
		}
		return out.write(problemLine{Problem: Problem(s.Message, r.lang, r.id, err)})
	}}
}

// malformed is a fault of the form of a request at one place.
func malformed(pointer, code string, pairs ...any) error {
	return fault.New(fault.Malformed, "request.malformed").At(pointer, code, pairs...)
}
