package workflow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/incident"
)

// A row that changed in its source says what is so now. What was published stays said: a changed number is a further
// count beside the one before, so that a reader sees both and the newer stands.

// mergeRow puts what a row says onto the body that stands. Untouched tells that the body is what an importer made of
// the row as it was before; then everything but the counts is taken over as it is now. Otherwise people had a hand in it
// and only what is new is added: counts, timeline entries, sources, dates that were not stated; whole is false when the
// row differs elsewhere too, which is then for a person. The body is canonical.
func mergeRow(onto []byte, row incident.Body, untouched bool) (merged []byte, whole bool, err error) {
	have, err := parseBody(onto)
	if err != nil {
		return nil, false, err
	}
	if untouched {
		row.Impact.Counts = addCounts(have.Impact.Counts, row.Impact.Counts)
		merged, err = incident.Marshal(row)
		return merged, true, err
	}
	have.Impact.Counts = addCounts(have.Impact.Counts, row.Impact.Counts)
	have.Narrative.Timeline = addItems(have.Narrative.Timeline, row.Narrative.Timeline,
		func(e incident.TimelineEntry) string { return e.ID })
	have.Sources = addItems(have.Sources, row.Sources, func(s incident.Source) string { return s.ID })
	addDates(&have.Time, row.Time)
	if merged, err = incident.Marshal(have); err != nil {
		return nil, false, err
	}
	whole, err = saysAll(have, row)
	return merged, whole, err
}

// addCounts adds those of a row that differ from the newest count of the same id: "deaths", then "deaths-2", "deaths-3".
func addCounts(have, row []incident.Count) []incident.Count {
	out := append([]incident.Count{}, have...)
	for _, count := range row {
		newest, n := incident.Count{}, 0
		for _, other := range have {
			if number := variantOf(other.ID, count.ID); number > n {
				newest, n = other, number
			}
		}
		if n > 0 && sameCount(newest, count) {
			continue
		}
		if n > 0 {
			count.ID += "-" + strconv.Itoa(n+1)
		}
		out = append(out, count)
	}
	return out
}

// variantOf tells which count of a name an id is: 1 for the name itself, n for "name-n", 0 for another.
func variantOf(id, name string) int {
	if id == name {
		return 1
	}
	rest, ok := strings.CutPrefix(id, name+"-")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 2 {
		return 0
	}
	return n
}

func sameCount(a, b incident.Count) bool {
	a.ID, b.ID = "", ""
	return sameJSON(a, b)
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// addItems adds the items whose ids are not there.
func addItems[T any](have, row []T, id func(T) string) []T {
	known := map[string]bool{}
	for _, item := range have {
		known[id(item)] = true
	}
	out := append([]T{}, have...)
	for _, item := range row {
		if !known[id(item)] {
			out = append(out, item)
		}
	}
	return out
}

// addDates takes over the dates that were not stated.
func addDates(have *incident.Time, row incident.Time) {
	for _, date := range []struct {
		have, row *incident.Known[incident.Date]
	}{
		{&have.Onset, &row.Onset}, {&have.Detection, &row.Detection},
		{&have.LaboratoryConfirmation, &row.LaboratoryConfirmation},
		{&have.NationalNotification, &row.NationalNotification},
		{&have.InternationalNotification, &row.InternationalNotification},
		{&have.PublicCommunication, &row.PublicCommunication},
		{&have.FirstIntervention, &row.FirstIntervention}, {&have.End, &row.End},
	} {
		if date.have.IsZero() {
			*date.have = *date.row
		}
	}
	if have.Exposure.IsZero() {
		have.Exposure = row.Exposure
	}
}

// saysAll tells whether a body says everything that a row says, apart from counts, which were added.
func saysAll(body, row incident.Body) (bool, error) {
	if !holds(body.Narrative.Timeline, row.Narrative.Timeline) || !holds(body.Sources, row.Sources) {
		return false, nil
	}
	body.Impact.Counts, row.Impact.Counts = nil, nil
	body.Narrative.Timeline, row.Narrative.Timeline = nil, nil
	body.Sources, row.Sources = nil, nil
	a, err := incident.Marshal(body)
	if err != nil {
		return false, err
	}
	b, err := incident.Marshal(row)
	return string(a) == string(b), err
}

// holds tells whether every item is there as it is.
func holds[T any](have, row []T) bool {
	for _, item := range row {
		if !slices.ContainsFunc(have, func(other T) bool { return sameJSON(item, other) }) {
			return false
		}
	}
	return true
}

// hashOf gives the hash by which an importer tells bodies apart.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
