package awstest

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
)

// check holds a JSON value to a shape.
func (m *Model) check(path string, ref *Reference, v any) error {
	shape := m.Shapes[ref.Shape]
	if shape == nil {
		return fmt.Errorf("%s: the model has no shape %s", path, ref.Shape)
	}
	switch v := v.(type) {
	case map[string]any:
		return m.object(path, shape, v)
	case []any:
		if shape.Type != "list" {
			return wrong(path, shape, v)
		}
		for i, item := range v {
			if err := m.check(fmt.Sprintf("%s[%d]", path, i), shape.Member, item); err != nil {
				return err
			}
		}
		return bounded(path, shape, float64(len(v)))
	case string:
		return text(path, shape, v)
	case bool:
		if shape.Type != "boolean" {
			return wrong(path, shape, v)
		}
		return nil
	case float64:
		if !slices.Contains([]string{"integer", "long", "double", "float", "timestamp"}, shape.Type) || (shape.Type == "integer" || shape.Type == "long") && v != float64(int64(v)) {
			return wrong(path, shape, v)
		}
		return bounded(path, shape, v)
	}
	return wrong(path, shape, v)
}

func (m *Model) object(path string, shape *Shape, v map[string]any) error {
	if shape.Type == "map" {
		for key, value := range v {
			if err := m.check(path+" key", shape.Key, key); err != nil {
				return err
			}
			if err := m.check(path+"."+key, shape.Value, value); err != nil {
				return err
			}
		}
		return bounded(path, shape, float64(len(v)))
	}
	if shape.Type != "structure" {
		return wrong(path, shape, v)
	}
	for _, name := range shape.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s: the required member %s is missing", path, name)
		}
	}
	for name, value := range v {
		ref := shape.Members[name]
		if ref == nil {
			return fmt.Errorf("%s has no member %s", path, name)
		}
		if err := m.check(path+"."+name, ref, value); err != nil {
			return err
		}
	}
	return nil
}

func text(path string, shape *Shape, v string) error {
	switch shape.Type {
	case "timestamp", "blob":
		return nil
	case "string":
	default:
		return wrong(path, shape, v)
	}
	if len(shape.Enum) > 0 && !slices.Contains(shape.Enum, v) {
		return fmt.Errorf("%s: %q is none of %q", path, v, shape.Enum)
	}
	// Some patterns look ahead, which Go does not know. The rest are whole.
	if re := compiled(shape.Pattern); re != nil && !re.MatchString(v) {
		return fmt.Errorf("%s: %q does not match %s", path, v, shape.Pattern)
	}
	return bounded(path, shape, float64(len([]rune(v))))
}

// patterns holds what was compiled.
var patterns sync.Map

func compiled(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp) //nolint:forcetypeassert // Nothing else is stored.
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		re = nil
	}
	patterns.Store(pattern, re)
	return re
}

func bounded(path string, shape *Shape, n float64) error {
	if shape.Min != nil && n < *shape.Min || shape.Max != nil && n > *shape.Max {
		return fmt.Errorf("%s: %g is outside of the bounds of the model", path, n)
	}
	return nil
}

func wrong(path string, shape *Shape, v any) error {
	return fmt.Errorf("%s is a %s and not %T (%v)", path, shape.Type, v, v)
}
