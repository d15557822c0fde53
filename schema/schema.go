package schema

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"bioincident/internal/fault"
)

//go:embed incident.schema.json view.schema.json vocab/*.json examples/*.json
var files embed.FS

// Schema is everything that this package embeds, read and checked. It never changes after Load.
type Schema struct {
	version      string
	forms        map[string]string // pattern → code of the problem
	names        map[string]string // of all properties, so that the parser makes no copy of them
	content      *jsonschema.Schema
	view         *jsonschema.Schema
	contentJSON  []byte
	viewJSON     []byte
	root         *Node
	viewRoot     *Node
	sections     []string
	vocabularies map[string]*Vocabulary
	lists        []string
}

// Load reads the schema, the vocabularies and the view schema, and checks that they fit together: every property has a
// floor, every condition is known, every coded string has its list. It takes some tens of milliseconds; call it once.
func Load() (*Schema, error) {
	s := &Schema{vocabularies: map[string]*Vocabulary{}}
	if err := s.loadVocabularies(); err != nil {
		return nil, err
	}
	if err := s.loadContent(); err != nil {
		return nil, fmt.Errorf("incident.schema.json: %w", err)
	}
	if err := s.loadView(); err != nil {
		return nil, fmt.Errorf("view.schema.json: %w", err)
	}
	return s, nil
}

func (s *Schema) loadVocabularies() error {
	entries, err := fs.ReadDir(files, "vocab")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(files, path.Join("vocab", entry.Name()))
		if err != nil {
			return err
		}
		v, err := readVocabulary(data)
		if err != nil {
			return fmt.Errorf("vocab/%s: %w", entry.Name(), err)
		}
		s.vocabularies[v.list] = v
		s.lists = append(s.lists, v.list)
	}
	slices.Sort(s.lists)
	return nil
}

func (s *Schema) loadContent() (err error) {
	if s.contentJSON, err = files.ReadFile("incident.schema.json"); err != nil {
		return err
	}
	document, err := readDocument(s.contentJSON)
	if err != nil {
		return err
	}
	s.version = path.Base(document.id)
	s.sections = document.order
	s.forms = document.forms()
	if s.root, err = document.tree(); err != nil {
		return err
	}
	if err := s.checkLists(s.root, ""); err != nil {
		return err
	}
	s.content, err = document.compile()
	return err
}

// loadView makes the schema of views: the content's properties and definitions, and what is derived.
func (s *Schema) loadView() error {
	own, err := files.ReadFile("view.schema.json")
	if err != nil {
		return err
	}
	if s.viewJSON, err = mergeSchemas(s.contentJSON, own); err != nil {
		return err
	}
	document, err := readDocument(s.viewJSON)
	if err != nil {
		return err
	}
	if s.viewRoot, err = document.tree(); err != nil {
		return err
	}
	if err := s.checkLists(s.viewRoot, ""); err != nil {
		return err
	}
	s.names = map[string]string{}
	s.viewRoot.names(s.names)
	s.view, err = document.compile()
	return err
}

// mergeSchemas adds to the view schema the properties and definitions of the content schema.
func mergeSchemas(content, view []byte) ([]byte, error) {
	var from, into map[string]any
	if err := json.Unmarshal(content, &from); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(view, &into); err != nil {
		return nil, err
	}
	for _, key := range []string{"properties", "$defs"} {
		theirs, _ := from[key].(map[string]any)
		ours, _ := into[key].(map[string]any)
		if ours == nil {
			return nil, fmt.Errorf("no %s", key)
		}
		for name, value := range theirs {
			if _, twice := ours[name]; twice {
				return nil, fmt.Errorf("%s %q is in the content already", key, name)
			}
			ours[name] = value
		}
	}
	return json.Marshal(into)
}

// checkLists makes sure that every coded string names a vocabulary that is there.
func (s *Schema) checkLists(node *Node, at string) error {
	if _, ok := s.vocabularies[node.Vocab]; node.Vocab != "" && !ok {
		return fmt.Errorf("%s: there is no vocabulary %q", at, node.Vocab)
	}
	for name, child := range node.Props {
		if err := s.checkLists(child, at+"/"+name); err != nil {
			return err
		}
	}
	if node.Items != nil {
		return s.checkLists(node.Items, at+"/*")
	}
	return nil
}

// Version gives the version of the content schema, such as 1.0.
func (s *Schema) Version() string { return s.version }

// JSON gives the content schema as a JSON Schema document (draft 2020-12).
func (s *Schema) JSON() []byte { return s.contentJSON }

// ViewJSON gives the schema of views as a JSON Schema document.
func (s *Schema) ViewJSON() []byte { return s.viewJSON }

// Root gives the tree of the content schema. It is shared: read only.
func (s *Schema) Root() *Node { return s.root }

// Sections lists the sections of a content in their order.
func (s *Schema) Sections() []string { return s.sections }

// Floor gives the floor of a property named by a path such as /narrative/timeline/*/text, in which any segment below an
// array (an id, a position, a star) stands for its items: the highest tier on the way to it. A path that is not in the
// schema has the floor named: what nobody has thought of is not shown.
func (s *Schema) Floor(path string) Tier {
	node, floor := s.root, Public
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if child, ok := node.Props[name]; ok {
			node = child
		} else if node.Items != nil {
			node = node.Items
		} else {
			return Named
		}
		floor = max(floor, node.Tier)
	}
	return floor
}

// Vocabulary gives a list by its name.
func (s *Schema) Vocabulary(list string) (*Vocabulary, bool) {
	v, ok := s.vocabularies[list]
	return v, ok
}

// Lists gives the names of all vocabularies, sorted.
func (s *Schema) Lists() []string { return s.lists }

// Resolve finds the code of a name: of a label, synonym, abbreviation, scientific name or known misspelling in any
// language, compared by Fold; or of the code itself. A name that two terms share is not resolved.
func (s *Schema) Resolve(list, name string) (code string, ok bool) {
	v, ok := s.vocabularies[list]
	if !ok {
		return "", false
	}
	return v.resolve(name)
}

// Upcast brings a document that an older schema version admitted to the shape of today's. It is pure and never changes
// what is stored. There has been one version, so that the document itself is the answer.
func (s *Schema) Upcast(schemaVersion string, doc []byte) ([]byte, error) {
	if schemaVersion != s.version {
		return nil, fault.New(fault.Invalid, "schema.version", "version", schemaVersion)
	}
	return doc, nil
}
