package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// DecodeWhole is Decode, and it also wants every field that the contract
// requires, with the type that it has there. Its error names each field that is
// wrong, by its path: "observation.baseline.weight". v points to a type of this
// package or of the port; a field is required unless its tag says omitempty.
func DecodeWhole(body []byte, v any) error {
	var content any
	if err := Decode(body, &content); err != nil {
		return err
	}
	if problems := check("", content, reflect.TypeOf(v).Elem()); len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return Decode(body, v)
}

// check holds one JSON value against the Go type that it is decoded into.
func check(path string, content any, t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	wrong := func(want string) []string {
		return []string{fmt.Sprintf("%s is %s and must be %s", orWhole(path), kindOf(content), want)}
	}
	switch t.Kind() {
	case reflect.Struct:
		object, ok := content.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		return checkObject(path, object, fieldsOf(t))
	case reflect.Slice:
		list, ok := content.([]any)
		if !ok {
			return wrong("a list")
		}
		var problems []string
		for i, item := range list {
			problems = append(problems, check(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())...)
		}
		return problems
	case reflect.Map:
		if _, ok := content.(map[string]any); !ok {
			return wrong("an object")
		}
	case reflect.String:
		if _, ok := content.(string); !ok {
			return wrong("a string")
		}
	case reflect.Bool:
		if _, ok := content.(bool); !ok {
			return wrong("true or false")
		}
	case reflect.Float64:
		if _, ok := content.(float64); !ok {
			return wrong("a number")
		}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		if n, ok := content.(float64); !ok || n != float64(int64(n)) || (n < 0 && t.Kind() == reflect.Uint64) {
			return wrong("a whole number")
		}
	}
	return nil
}

func checkObject(path string, object map[string]any, fields []jsonField) []string {
	var problems []string
	known := map[string]bool{}
	for _, f := range fields {
		known[f.name] = true
		value, given := object[f.name]
		switch {
		case !given && f.required:
			problems = append(problems, below(path, f.name)+" is missing")
		case !given, value == nil && !f.required:
		default:
			problems = append(problems, check(below(path, f.name), value, f.kind)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !known[name] {
			problems = append(problems, below(path, name)+" is not known")
		}
	}
	return problems
}

// jsonField is one member of an object.
type jsonField struct {
	name     string
	required bool
	kind     reflect.Type
}

func fieldsOf(t reflect.Type) []jsonField {
	var out []jsonField
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			out = append(out, fieldsOf(f.Type)...)
		case f.IsExported() && name != "-":
			out = append(out, jsonField{name: name, required: !strings.Contains(options, "omitempty"), kind: f.Type})
		}
	}
	return out
}

func kindOf(content any) string {
	switch content.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a string"
	case float64:
		return "a number"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orWhole(path string) string {
	if path == "" {
		return "the answer"
	}
	return path
}
