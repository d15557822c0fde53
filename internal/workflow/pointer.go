package workflow

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// place is what a pointer leads to: a member of an object or an item of a list, found by its id or its position.
type place struct {
	object map[string]any
	list   []any
	name   string
	at     int
	put    func([]any) // replaces the list in what holds it
}

func tree(doc []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		return nil, unreadable(err)
	}
	return root, nil
}

// find follows a JSON pointer in which items of a list stand by their id or their position. The fault is Invalid
// pointer.nowhere. The last step need not be there when make is true and it is a member of an object.
func find(root map[string]any, pointer string, make bool) (place, error) {
	nowhere := fault.New(fault.Invalid, "pointer.nowhere", "pointer", pointer)
	if !strings.HasPrefix(pointer, "/") {
		return place{}, nowhere
	}
	steps := strings.Split(pointer[1:], "/")
	var here any = root
	put := func([]any) {}
	for i, step := range steps {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		last := i == len(steps)-1
		switch value := here.(type) {
		case map[string]any:
			child, there := value[step]
			if last && (there || make) {
				return place{object: value, name: step}, nil
			}
			if !there {
				return place{}, nowhere
			}
			here, put = child, func(list []any) { value[step] = list }
		case []any:
			at := position(value, step)
			if at < 0 {
				return place{}, nowhere
			}
			if last {
				return place{list: value, at: at, put: put}, nil
			}
			holder, index := value, at
			here, put = value[at], func(list []any) { holder[index] = list }
		default:
			return place{}, nowhere
		}
	}
	return place{}, nowhere
}

// position finds an item by its id, else by its number.
func position(list []any, step string) int {
	for i, item := range list {
		if object, ok := item.(map[string]any); ok && object["id"] == step {
			return i
		}
	}
	at, err := strconv.Atoi(step)
	if err != nil || at < 0 || at >= len(list) || strconv.Itoa(at) != step {
		return -1
	}
	return at
}

// removalAt gives what a pointer leads to, items by their id wherever they have one; a value of a list without ids is
// given with the list.
func removalAt(root map[string]any, pointer string) (removal, error) {
	if _, err := find(root, pointer, false); err != nil {
		return removal{}, err
	}
	var here any = root
	var steps []string
	for step := range strings.SplitSeq(pointer[1:], "/") {
		plain := strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch value := here.(type) {
		case map[string]any:
			here = value[plain]
		case []any:
			here = value[position(value, plain)]
			item, _ := here.(map[string]any)
			id, ok := item["id"].(string)
			if !ok {
				data, err := json.Marshal(here)
				if err != nil {
					return removal{}, err
				}
				element, err := canonicalValue(data)
				return removal{"/" + strings.Join(steps, "/"), element}, err
			}
			step = escape(id)
		}
		steps = append(steps, step)
	}
	return removal{pointer: "/" + strings.Join(steps, "/")}, nil
}

func (p place) set(value any) {
	if p.object != nil {
		p.object[p.name] = value
		return
	}
	p.list[p.at] = value
}

func (p place) remove() {
	if p.object != nil {
		delete(p.object, p.name)
		return
	}
	p.put(slices.Delete(slices.Clone(p.list), p.at, p.at+1))
}

// replaced gives a document with another value at a pointer, in canonical form.
func replaced(doc []byte, pointer string, value []byte) ([]byte, error) {
	root, err := tree(doc)
	if err != nil {
		return nil, err
	}
	at, err := find(root, pointer, true)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var parsed any
	if err := decoder.Decode(&parsed); err != nil || decoder.More() {
		return nil, fault.New(fault.Invalid, "json.malformed")
	}
	at.set(parsed)
	return written(root)
}

func written(root map[string]any) ([]byte, error) {
	data, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return incident.Canonical(data)
}

// removal is one thing that a redaction took out: a pointer, and for an element of a list without ids its value.
type removal struct {
	pointer string
	element json.RawMessage
}

// without gives a document without some things, and without references to what went with them and what became empty.
// Things that are not there are no fault: an earlier edition need not have had them.
func without(sch *schema.Schema, doc []byte, removals []removal) ([]byte, error) {
	root, err := tree(doc)
	if err != nil {
		return nil, err
	}
	for _, r := range removals {
		at, err := find(root, r.pointer, false)
		if err != nil {
			continue
		}
		if r.element == nil || !removeElement(at, r.element) {
			at.remove()
		}
	}
	prune(sch, root)
	return written(root)
}

// removeElement takes one value out of a list without ids; false when the place is no list, or the value is all of it.
func removeElement(at place, element json.RawMessage) bool {
	var list []any
	switch {
	case at.object != nil:
		list, _ = at.object[at.name].([]any)
	default:
		list, _ = at.list[at.at].([]any)
	}
	if list == nil {
		return false
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(item any) bool {
		data, err := json.Marshal(item)
		if err != nil {
			return false
		}
		canonical, err := canonicalValue(data)
		return err == nil && bytes.Equal(canonical, element)
	})
	at.set(kept)
	return true
}

// canonicalValue gives the canonical form of any JSON value.
func canonicalValue(data []byte) ([]byte, error) {
	wrapped, err := incident.Canonical(append(append([]byte(`{"v":`), data...), '}'))
	if err != nil {
		return nil, err
	}
	return wrapped[len(`{"v":`) : len(wrapped)-1], nil
}

// prune drops references to items that are gone and what is empty, until nothing more is.
func prune(sch *schema.Schema, document map[string]any) {
	for {
		names := map[string]bool{}
		for _, section := range sch.Sections() { // what a source supports is an item or a section
			names[section] = true
		}
		collectNames(document, names)
		if !pruneObject(sch.Root(), document, names) {
			return
		}
	}
}

func pruneObject(node *schema.Node, object map[string]any, names map[string]bool) (changed bool) {
	for name, value := range object {
		var child *schema.Node
		if node != nil {
			child = node.Props[name]
		}
		if by, ok := value.(string); ok && name == "public_by" && node != nil && node.PublicBy && !names[by] {
			delete(object, name)
			changed = true
			continue
		}
		kept, moved := pruneValue(child, value, names)
		changed = changed || moved
		if kept == nil && value != nil {
			delete(object, name)
			changed = true
		} else if moved {
			object[name] = kept
		}
	}
	return changed
}

// pruneValue gives what is left of a value, nil when that is nothing.
func pruneValue(node *schema.Node, value any, names map[string]bool) (left any, changed bool) {
	switch value := value.(type) {
	case map[string]any:
		changed = pruneObject(node, value, names)
		if len(value) == 0 {
			return nil, true
		}
		return value, changed
	case []any:
		var items *schema.Node
		if node != nil {
			items = node.Items
		}
		kept := make([]any, 0, len(value))
		for _, item := range value {
			if reference, ok := item.(string); ok && node != nil && node.Refs != "" && !names[reference] {
				changed = true
				continue
			}
			left, moved := pruneValue(items, item, names)
			changed = changed || moved
			if left != nil {
				kept = append(kept, left)
			}
		}
		if len(kept) == 0 {
			return nil, true
		}
		return kept, changed || len(kept) != len(value)
	}
	return value, false
}
