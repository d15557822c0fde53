package incident

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"bioincident/schema"
)

// ViewDoc is what readers at a tier get of a content: the canonical bytes, their hash, and the same as values.
type ViewDoc struct {
	Bytes   []byte
	Hash    string // hex SHA-256 of Bytes
	Body    Body
	Derived Derived
}

// derivedKey is the property of a view that holds what was computed from the rest.
const derivedKey = "derived"

// View gives what readers at a tier may see of a document, which is a content or a view of it, under a handling. There
// is none (false) when the marking is above the tier or when nothing is left.
//
// It drops every property and item above the tier, then references to what was dropped, then what became empty, and
// computes the derived part from what is left. Conditions are judged on what the tier may see, never on more: that is
// why adding anything above the tier leaves the bytes of a view equal.
func View(sch *schema.Schema, doc []byte, h Handling, t schema.Tier) (ViewDoc, bool, error) {
	views, err := Views(sch, doc, h, t)
	view, ok := views[t]
	return view, ok, err
}

// Views gives the views of several tiers, as View gives each. Most documents say the same at all tiers: what is left at
// one and is what was left at the one before is computed once.
func Views(sch *schema.Schema, doc []byte, h Handling, tiers ...schema.Tier) (map[schema.Tier]ViewDoc, error) {
	whole, err := decode(doc)
	if err != nil {
		return nil, err
	}
	delete(whole, derivedKey)
	views := make(map[schema.Tier]ViewDoc, len(tiers))
	var before []byte
	var view ViewDoc
	for _, tier := range tiers {
		tree := cloned(whole).(map[string]any)
		if h.Marking > tier || !newReader(sch, h, tier, tree).read() {
			continue
		}
		left, err := json.Marshal(tree)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(left, before) {
			if view, err = finish(tree, left); err != nil {
				return nil, err
			}
			before = left
		}
		views[tier] = view
	}
	return views, nil
}

// cloned copies a JSON value.
func cloned(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, child := range value {
			out[name] = cloned(child)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = cloned(item)
		}
		return out
	}
	return value
}

// Decode reads a JSON object, keeping its numbers as they are written.
func decode(doc []byte) (map[string]any, error) {
	var tree map[string]any
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("content is not a JSON object: %w", err)
	}
	return tree, nil
}

// finish computes the derived part and the canonical bytes of what is left of a document, given as a tree and as text.
func finish(tree map[string]any, left []byte) (ViewDoc, error) {
	var view ViewDoc
	if err := json.Unmarshal(left, &view.Body); err != nil {
		return ViewDoc{}, fmt.Errorf("content does not have the shape of a record: %w", err)
	}
	view.Derived = Derive(view.Body)
	tree[derivedKey] = view.Derived
	plain, err := json.Marshal(tree)
	if err != nil {
		return ViewDoc{}, err
	}
	if view.Bytes, err = Canonical(plain); err != nil {
		return ViewDoc{}, err
	}
	sum := sha256.Sum256(view.Bytes)
	view.Hash = hex.EncodeToString(sum[:])
	return view, nil
}

// reader walks a document for one tier.
type reader struct {
	schema   *schema.Schema
	handling Handling
	tier     schema.Tier
	tree     map[string]any
	public   map[string]bool // ids of sources, seen at this tier, that make what they state public
	holds    map[string]bool // conditions that hold for what is seen at this tier
}

func newReader(sch *schema.Schema, h Handling, t schema.Tier, tree map[string]any) *reader {
	return &reader{schema: sch, handling: h, tier: t, tree: tree}
}

// read leaves in the tree what the tier may see, and tells whether that is anything.
func (r *reader) read() bool {
	root := r.schema.Root()
	r.dropSources(root)
	r.public = r.publicSources()
	r.dropAbove(root, r.tree, schema.Public)
	r.holds = conditions(r.tree)
	r.dropConditional(root, r.tree)
	for r.dropDangling(root) {
	}
	return len(r.tree) > 0
}

// dropSources filters the sources first: whether a value is public depends on the sources that are seen.
func (r *reader) dropSources(root *schema.Node) {
	sources, ok := r.tree["sources"]
	if !ok {
		return
	}
	section := map[string]any{"sources": sources}
	r.dropAbove(root, section, schema.Public)
	if left, ok := section["sources"]; ok {
		r.tree["sources"] = left
		return
	}
	delete(r.tree, "sources")
}

// publicSources lists the seen sources whose word makes a value public: official, court, intergovernmental, peer-reviewed.
func (r *reader) publicSources() map[string]bool {
	public := map[string]bool{}
	for _, item := range list(r.tree["sources"]) {
		source := object(item)
		switch source["type"] {
		case "official_state_report", "igo_report", "court_or_legal_record", "parliamentary_or_inquiry", "peer_reviewed":
			if id, ok := source["id"].(string); ok {
				public[id] = true
			}
		}
	}
	return public
}

// dropAbove removes the properties and items whose tier is above the reader's.
func (r *reader) dropAbove(node *schema.Node, value map[string]any, above schema.Tier) {
	for name, child := range value {
		property, ok := node.Props[name]
		if !ok {
			delete(value, name) // not in the schema: nobody said who may see it
			continue
		}
		tier := max(above, r.floor(property, child))
		if node == r.schema.Root() {
			tier = max(tier, r.handling.Tiers[name])
		}
		if tier > r.tier {
			delete(value, name)
			continue
		}
		value[name] = r.filter(property, child, tier)
	}
}

// floor gives the floor of a property for this very value: a value that a seen public source states is public.
func (r *reader) floor(property *schema.Node, value any) schema.Tier {
	if property.PublicBy && r.statedByPublic(value) {
		return schema.Public
	}
	return property.Tier
}

func (r *reader) statedByPublic(value any) bool {
	by, ok := object(value)["public_by"].(string)
	return ok && r.public[by]
}

// filter goes into a value that is seen.
func (r *reader) filter(node *schema.Node, value any, tier schema.Tier) any {
	switch value := value.(type) {
	case map[string]any:
		if node.Props != nil {
			if node.PublicBy && r.statedByPublic(value) {
				tier = schema.Public
			}
			r.dropAbove(node, value, tier)
		}
		return r.coarsen(node, value)
	case []any:
		return r.filterItems(node, value, tier)
	case string:
		if shown, ok := node.ShowAs[value]; ok {
			return shown
		}
	}
	return value
}

// coarsen keeps the month of a date of which only a public source may state the day.
func (r *reader) coarsen(node *schema.Node, value map[string]any) any {
	if node.Coarsen == "" || r.tier > schema.Public || r.statedByPublic(value) {
		return value
	}
	if text, ok := value["value"].(string); ok {
		value["value"] = string(Date(text).Coarsen(node.Coarsen))
	}
	return value
}

func (r *reader) filterItems(node *schema.Node, items []any, above schema.Tier) []any {
	if node.Items == nil || node.Items.Props == nil {
		return items
	}
	left := make([]any, 0, len(items))
	for _, item := range items {
		value := object(item)
		tier := max(above, node.Items.Tier)
		if id, ok := value["id"].(string); ok {
			tier = max(tier, r.handling.Tiers[id])
		}
		for _, when := range node.Items.When {
			if itemCondition(when.Condition, value) {
				tier = max(tier, when.Tier)
			}
		}
		if tier > r.tier {
			continue
		}
		r.dropAbove(node.Items, value, tier)
		left = append(left, value)
	}
	return left
}

// itemCondition judges a condition on one item.
func itemCondition(condition string, item map[string]any) bool {
	switch condition {
	case "source_non_public":
		return item["non_public"] == true || item["type"] == "originator_internal" || item["type"] == "interview"
	case "national_ref":
		return item["scheme"] == "national_ref"
	case "nationality_of_exposed":
		return item["role"] == "nationality_of_exposed"
	}
	return false
}

// dropConditional removes what a condition, judged on what is seen, puts above the tier.
func (r *reader) dropConditional(node *schema.Node, value map[string]any) {
	for name, child := range value {
		property := node.Props[name]
		if r.barred(property, child) {
			delete(value, name)
			continue
		}
		switch child := child.(type) {
		case map[string]any:
			r.dropConditional(property, child)
		case []any:
			value[name] = r.dropConditionalItems(property, child)
		}
	}
}

func (r *reader) dropConditionalItems(node *schema.Node, items []any) []any {
	if node.Items == nil || node.Items.Props == nil {
		return items
	}
	left := make([]any, 0, len(items))
	for _, item := range items {
		value := object(item)
		if r.barredItem(node.Items, value) {
			continue
		}
		r.dropConditional(node.Items, value)
		left = append(left, value)
	}
	return left
}

func (r *reader) barredItem(node *schema.Node, item map[string]any) bool {
	for _, when := range node.When {
		if when.Tier > r.tier && when.Condition == "open_security" && r.holds["open_security"] && item["security"] == true {
			return true
		}
	}
	return false
}

// barred tells whether a condition puts the property above the tier. What a seen public source states is not barred by
// the condition on laboratories.
func (r *reader) barred(property *schema.Node, value any) bool {
	for _, when := range property.When {
		if when.Tier <= r.tier || !r.holds[when.Condition] {
			continue
		}
		if when.Condition == "laboratory_unstated" && r.statedByPublic(value) {
			continue
		}
		return true
	}
	return false
}

// conditions judges the conditions of the whole document on what is seen of it.
func conditions(tree map[string]any) map[string]bool {
	classification := object(tree["classification"])
	kind, _ := classification["incident_type"].(string)
	impact, exposure, response := object(tree["impact"]), object(tree["exposure"]), object(tree["response"])
	recovered := impact["recovered"] == "yes" || impact["recovered"] == "destroyed"
	return map[string]bool{
		"deliberate":          deliberate(tree, kind, classification["occurrence"]),
		"laboratory_unstated": under(kind, "laboratory_event"),
		"not_recovered":       (kind == "custody.theft" || kind == "custody.inventory_loss") && !recovered,
		"open_security":       contains(exposure["contributing_factors"], "security_control") && openCorrective(response),
	}
}

func deliberate(tree map[string]any, kind string, occurrence any) bool {
	if under(kind, "deliberate_act") || occurrence == "threat_or_attempt_only" || occurrence == "hoax" {
		return true
	}
	for _, item := range list(object(tree["cause"])["assessments"]) {
		if object(item)["value"] == "deliberate" {
			return true
		}
	}
	return false
}

func openCorrective(response map[string]any) bool {
	for _, item := range list(response["corrective_actions"]) {
		state := object(item)["state"]
		if state == "open" || state == "in_progress" {
			return true
		}
	}
	return false
}

// dropDangling removes references to what is no longer there and what became empty; it tells whether it did anything,
// because each may make the other necessary.
func (r *reader) dropDangling(root *schema.Node) bool {
	ids := map[string]bool{}
	for section, value := range r.tree {
		ids[section] = true
		collectIDs(value, ids)
	}
	changed := dropReferences(root, r.tree, ids)
	return dropEmpty(r.tree) || changed
}

func collectIDs(value any, ids map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		if id, ok := value["id"].(string); ok {
			ids[id] = true
		}
		for _, child := range value {
			collectIDs(child, ids)
		}
	case []any:
		for _, item := range value {
			collectIDs(item, ids)
		}
	}
}

func dropReferences(node *schema.Node, value map[string]any, ids map[string]bool) bool {
	changed := false
	for name, child := range value {
		property := node.Props[name]
		if property == nil {
			continue
		}
		switch child := child.(type) {
		case string:
			if property.Refs != "" && !ids[child] {
				delete(value, name)
				changed = true
			}
		case map[string]any:
			changed = dropReferences(property, child, ids) || changed
		case []any:
			left, dropped := dropReferencesOf(property, child, ids)
			value[name] = left
			changed = changed || dropped
		}
	}
	return changed
}

func dropReferencesOf(node *schema.Node, items []any, ids map[string]bool) ([]any, bool) {
	left, changed := make([]any, 0, len(items)), false
	for _, item := range items {
		if id, ok := item.(string); ok && refers(node) && !ids[id] {
			changed = true
			continue
		}
		if value, ok := item.(map[string]any); ok && node.Items != nil {
			changed = dropReferences(node.Items, value, ids) || changed
		}
		left = append(left, item)
	}
	return left, changed
}

func refers(node *schema.Node) bool {
	return node.Refs != "" || node.Items != nil && node.Items.Refs != ""
}

// dropEmpty removes empty objects and lists, and items of which only the id is left.
func dropEmpty(value map[string]any) bool {
	changed := false
	for name, child := range value {
		switch child := child.(type) {
		case map[string]any:
			changed = dropEmpty(child) || changed
			if len(child) == 0 {
				delete(value, name)
				changed = true
			}
		case []any:
			left := dropEmptyItems(child)
			changed = changed || len(left) != len(child)
			value[name] = left
			if len(left) == 0 {
				delete(value, name)
				changed = true
			}
		}
	}
	return changed
}

func dropEmptyItems(items []any) []any {
	left := make([]any, 0, len(items))
	for _, item := range items {
		value, ok := item.(map[string]any)
		if !ok {
			left = append(left, item)
			continue
		}
		dropEmpty(value)
		if _, has := value["id"]; len(value) == 0 || has && len(value) == 1 {
			continue
		}
		left = append(left, value)
	}
	return left
}

func object(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func contains(value any, code string) bool {
	for _, item := range list(value) {
		if item == code {
			return true
		}
	}
	return false
}

// under tells whether a code is a branch or lies below it.
func under(code, branch string) bool {
	return code == branch || len(code) > len(branch) && code[:len(branch)] == branch && code[len(branch)] == '.'
}
