package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"bioincident/internal/incident"
	"bioincident/internal/workflow"
)

//go:embed cases/*.json
var files embed.FS //nolint:gochecknoglobals // embedded data can only be a package variable

// Case is one record of the demonstration and the way it goes.
type Case struct {
	Name     string               `json:"-"` // of the file
	Invented bool                 `json:"invented"`
	Author   string               `json:"author"` // PERSON@ORG
	Handling *workflow.HandlingIn `json:"handling"`
	Body     json.RawMessage      `json:"body"`
	Steps    []Step               `json:"steps"`
}

// Step is one action of one person. Do is the name of a verb; the other fields are what it needs.
type Step struct {
	Do      string               `json:"do"`
	As      string               `json:"as"`
	Note    string               `json:"note,omitempty"`
	Reason  string               `json:"reason,omitempty"`
	Pointer string               `json:"pointer,omitempty"`
	Request string               `json:"request,omitempty"`
	Person  string               `json:"person,omitempty"`
	Duty    incident.Duty        `json:"duty,omitempty"`   // review or publish, for assign
	Into    string               `json:"into,omitempty"`   // name of another case
	Body    json.RawMessage      `json:"body,omitempty"`   // a whole body, for save
	Change  map[string]any       `json:"change,omitempty"` // section → value, laid over the body, for save
	Handle  *workflow.HandlingIn `json:"handling,omitempty"`
	Value   json.RawMessage      `json:"value,omitempty"` // suggested words
}

// Cases reads the files, in the order of their names.
func Cases() ([]Case, error) {
	names, err := fs.Glob(files, "cases/*.json")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		var c Case
		if err := decoder.Decode(&c); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Name = strings.TrimSuffix(strings.TrimPrefix(name, "cases/"), ".json")
		cases = append(cases, c)
	}
	return cases, nil
}
