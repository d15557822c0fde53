package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is a JSON Schema document and what is needed to read it as a tree of Nodes.
type document struct {
	id    string
	raw   any // as the compiler wants it
	root  subschema
	order []string // the properties of the root as they stand in the file
}

// subschema holds the keywords that matter for the tree. The others are the compiler's.
type subschema struct {
	ID         string               `json:"$id"`
	Ref        string               `json:"$ref"`
	Defs       map[string]subschema `json:"$defs"`
	Properties properties           `json:"properties"`
	Items      *subschema           `json:"items"`
	Then       *subschema           `json:"then"`
	Else       *subschema           `json:"else"`
	Tier       string               `json:"x-tier"`
	When       []struct {
		Condition string `json:"condition"`
		Tier      Tier   `json:"tier"`
	} `json:"x-tier-when"`
	Coarsen  string            `json:"x-coarsen"`
	PublicBy bool              `json:"x-public-by"`
	IDs      bool              `json:"x-ids"`
	Refs     string            `json:"x-refs"`
	ShowAs   map[string]string `json:"x-show-as"`
	Vocab    string            `json:"x-vocab"`
	Pattern  string            `json:"pattern"`
}

// properties reads the properties of an object; false, which forbids one, is not a property.
type properties map[string]subschema

func (p *properties) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*p = make(properties, len(raw))
	for name, value := range raw {
		if string(value) == "false" {
			continue
		}
		var s subschema
		if err := json.Unmarshal(value, &s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		(*p)[name] = s
	}
	return nil
}

func readDocument(data []byte) (*document, error) {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	d := &document{raw: raw}
	if err := json.Unmarshal(data, &d.root); err != nil {
		return nil, err
	}
	d.id = d.root.ID
	var shallow struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(data, &shallow); err != nil {
		return nil, err
	}
	d.order, err = keys(shallow.Properties)
	return d, err
}

// keys gives the names in a JSON object in their order.
func keys(object json.RawMessage) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var names []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		names = append(names, fmt.Sprint(name))
	}
	return names, nil
}

// compile makes the validator. Nothing is ever loaded from elsewhere.
func (d *document) compile() (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	raw, _ := d.raw.(map[string]any)
	defs, _ := raw["$defs"].(map[string]any)
	flat, err := flatten(raw, defs, 0)
	if err != nil {
		return nil, err
	}
	if err := compiler.AddResource(d.id, flat); err != nil {
		return nil, err
	}
	return compiler.Compile(d.id)
}

// flatten puts definitions in the place of the references to them and leaves out what does not bear on validity. Each
// reference costs the validator as much as a value does; a record is checked twice as fast without them.
func flatten(value any, defs map[string]any, depth int) (any, error) {
	if depth > 4*mostDepth {
		return nil, errors.New("a definition refers to itself")
	}
	switch value := value.(type) {
	case map[string]any:
		return flattenObject(value, defs, depth)
	case []any:
		flat := make([]any, len(value))
		for i, item := range value {
			var err error
			if flat[i], err = flatten(item, defs, depth+1); err != nil {
				return nil, err
			}
		}
		return flat, nil
	}
	return value, nil
}

func flattenObject(object map[string]any, defs map[string]any, depth int) (any, error) {
	flat := make(map[string]any, len(object))
	if ref, ok := object["$ref"].(string); ok {
		target, err := flatten(defs[strings.TrimPrefix(ref, "#/$defs/")], defs, depth+1)
		if err != nil {
			return nil, err
		}
		if flat, ok = target.(map[string]any); !ok {
			return nil, fmt.Errorf("no definition %s", ref)
		}
	}
	_, coded := object["x-vocab"]
	for key, below := range object {
		switch {
		case key == "properties":
			properties, err := flattenProperties(below, defs, depth)
			if err != nil {
				return nil, err
			}
			flat[key] = properties
		case key == "$ref", key == "$defs", key == "title", key == "description", key == "examples", strings.HasPrefix(key, "x-"):
		case coded && strings.HasSuffix(key, "Length"): // the vocabulary bounds it
		default:
			var err error
			if flat[key], err = flatten(below, defs, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return flat, nil
}

// flattenProperties spares the names of properties, which may be title or description.
func flattenProperties(value any, defs map[string]any, depth int) (any, error) {
	properties, _ := value.(map[string]any)
	flat := make(map[string]any, len(properties))
	for name, property := range properties {
		var err error
		if flat[name], err = flatten(property, defs, depth+1); err != nil {
			return nil, err
		}
	}
	return flat, nil
}

// forms gives, for each pattern, the code of the problem that a string of another form is.
func (d *document) forms() map[string]string {
	codes := map[string]string{
		"Date": "schema.date", "ID": "schema.id", "URL": "schema.url", "Line": "schema.line", "Words": "schema.blank",
	}
	forms := map[string]string{}
	for name, def := range d.root.Defs {
		pattern := def.Pattern
		if name == "Words" {
			pattern = def.Properties["text"].Pattern
		}
		if code := codes[name]; code != "" {
			forms[pattern] = code
		}
	}
	return forms
}

// tree makes the Nodes.
func (d *document) tree() (*Node, error) {
	root := &Node{}
	if err := d.fill(root, d.root, ""); err != nil {
		return nil, err
	}
	root.mark()
	return root, nil
}

// names adds the names of all properties below a node.
func (n *Node) names(all map[string]string) {
	for name, child := range n.Props {
		all[name] = name
		child.names(all)
	}
	if n.Items != nil {
		n.Items.names(all)
	}
}

// mark notes the ways to items with ids, and tells whether there are any from here.
func (n *Node) mark() bool {
	found := n.IDs
	for name, child := range n.Props {
		if child.mark() {
			n.toItems = append(n.toItems, name)
			found = true
		}
	}
	slices.Sort(n.toItems)
	return found
}

// fill adds to a node what a subschema says of it; what the node has already, said nearer to it, stands.
func (d *document) fill(node *Node, s subschema, at string) error {
	if err := d.fillOwn(node, s, at); err != nil {
		return err
	}
	for name, property := range s.Properties {
		if err := d.fillProperty(node, name, property, at+"/"+name); err != nil {
			return err
		}
	}
	if s.Items != nil {
		if node.Items == nil {
			node.Items = &Node{}
		}
		if err := d.fill(node.Items, *s.Items, at+"/*"); err != nil {
			return err
		}
	}
	for _, branch := range []*subschema{s.Then, s.Else} {
		if branch == nil {
			continue
		}
		if err := d.fill(node, *branch, at); err != nil {
			return err
		}
	}
	if s.Ref == "" {
		return nil
	}
	target, ok := d.root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
	if !ok {
		return fmt.Errorf("%s: no definition %s", at, s.Ref)
	}
	return d.fill(node, target, at)
}

func (d *document) fillOwn(node *Node, s subschema, at string) error {
	for _, when := range s.When {
		if !slices.Contains(conditions(), when.Condition) {
			return fmt.Errorf("%s: unknown condition %q", at, when.Condition)
		}
		node.When = append(node.When, When(when))
	}
	if s.Coarsen != "" && s.Coarsen != "month" {
		return fmt.Errorf("%s: unknown x-coarsen %q", at, s.Coarsen)
	}
	if s.Refs != "" && s.Refs != "sources" && s.Refs != "any" {
		return fmt.Errorf("%s: unknown x-refs %q", at, s.Refs)
	}
	node.Coarsen += s.Coarsen
	node.PublicBy = node.PublicBy || s.PublicBy
	node.IDs = node.IDs || s.IDs
	if node.Refs == "" {
		node.Refs = s.Refs
	}
	if node.Vocab == "" {
		node.Vocab = s.Vocab
	}
	if node.ShowAs == nil {
		node.ShowAs = s.ShowAs
	}
	return nil
}

func (d *document) fillProperty(node *Node, name string, property subschema, at string) error {
	if node.Props == nil {
		node.Props = map[string]*Node{}
	}
	child, known := node.Props[name]
	if !known {
		tier, err := floorOf(property, at)
		if err != nil {
			return err
		}
		child = &Node{Tier: tier}
		node.Props[name] = child
	}
	return d.fill(child, property, at)
}

// floorOf reads the floor, which every property has: one that nobody thought of must not be shown to everyone.
func floorOf(property subschema, at string) (Tier, error) {
	switch property.Tier {
	case "public", "members", "named":
		return ParseTier(property.Tier)
	case "":
		return Named, fmt.Errorf("%s has no x-tier", at)
	}
	return Named, fmt.Errorf("%s: unknown x-tier %q", at, property.Tier)
}

func conditions() []string {
	return []string{
		Deliberate, LaboratoryUnstated, NotRecovered, OpenSecurity, SourceNonPublic, NationalRef, NationalityOfExposed,
	}
}
