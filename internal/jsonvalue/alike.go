package jsonvalue

import (
	"slices"
	"strings"
)

// Alike says whether a decoded value says the same as the JSON object or list that an
// author wrote, where Equal is too strict: a text that holds JSON, as policies often
// come, is read as such, and with unordered the order of lists does not count, at any
// depth. Nothing but an object or a list is alike.
func Alike(v any, want string, unordered bool) bool {
	wanted, ok := compound(want)
	if !ok {
		return false
	}
	if text, isText := v.(string); isText {
		if v, ok = compound(text); !ok {
			return false
		}
	}
	if unordered {
		v, wanted = sorted(v), sorted(wanted)
	}
	return Text(v) == Text(wanted)
}

// compound decodes a text that holds an object or a list.
func compound(text string) (any, bool) {
	tree, err := Decode([]byte(text))
	if err != nil {
		return nil, false
	}
	switch tree.(type) {
	case map[string]any, []any:
		return tree, true
	}
	return nil, false
}

// sorted is a copy of the value with the items of all lists in one order.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = sorted(member)
		}
		return out
	case []any:
		type item struct {
			value any
			text  string
		}
		items := make([]item, len(v))
		for i, member := range v {
			member = sorted(member)
			items[i] = item{member, Text(member)}
		}
		slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.text, b.text) })
		out := make([]any, len(items))
		for i, it := range items {
			out[i] = it.value
		}
		return out
	}
	return v
}
