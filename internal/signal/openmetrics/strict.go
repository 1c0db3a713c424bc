package openmetrics

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// reader takes one JSON value that stands at path.
type reader func(path string, raw json.RawMessage) field.Errors

// object reads a JSON object whose keys are known. A key that is not known is an
// error, because a misspelt one would otherwise fall back silently. A null is the
// same as no key, since Terraform writes an absent attribute so.
type object map[string]reader

func (o object) read(path string, raw json.RawMessage) field.Errors {
	var content map[string]json.RawMessage
	if err := json.Unmarshal(raw, &content); err != nil {
		return wrongType(path, "an object")
	}
	var errs field.Errors
	for _, key := range slices.Sorted(maps.Keys(content)) {
		read, known := o[key]
		switch {
		case !known:
			errs = append(errs, field.Error{Path: below(path, key), Msg: fmt.Sprintf("%q is not known here; allowed are %s",
				key, strings.Join(slices.Sorted(maps.Keys(o)), ", "))})
		case string(content[key]) != "null":
			errs = append(errs, read(below(path, key), content[key])...)
		}
	}
	return errs
}

// entries reads a JSON object whose keys are the author's.
func entries(each func(key string) reader) reader {
	return func(path string, raw json.RawMessage) field.Errors {
		var content map[string]json.RawMessage
		if err := json.Unmarshal(raw, &content); err != nil {
			return wrongType(path, "an object")
		}
		var errs field.Errors
		for _, key := range slices.Sorted(maps.Keys(content)) {
			if string(content[key]) == "null" {
				errs = append(errs, field.Error{Path: entry(path, key), Msg: "the value is null; give one, or leave the key out"})
				continue
			}
			errs = append(errs, each(key)(entry(path, key), content[key])...)
		}
		return errs
	}
}

func text(into *string) reader {
	return func(path string, raw json.RawMessage) field.Errors {
		if err := json.Unmarshal(raw, into); err != nil {
			return wrongType(path, "a string")
		}
		return nil
	}
}

func duration(into *time.Duration) reader {
	return func(path string, raw json.RawMessage) field.Errors {
		const allowed = "; give a positive duration with its unit, for example \"5s\""
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return wrongType(path, "a string such as \"5s\"")
		}
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			return field.Errors{{Path: path, Msg: fmt.Sprintf("%q is not a duration%s", s, allowed)}}
		case d <= 0:
			return field.Errors{{Path: path, Msg: fmt.Sprintf("%q is not positive%s", s, allowed)}}
		}
		*into = d
		return nil
	}
}

func list(into *[]string) reader {
	return func(path string, raw json.RawMessage) field.Errors {
		if err := json.Unmarshal(raw, into); err != nil {
			return wrongType(path, "a list of strings")
		}
		return nil
	}
}

func wrongType(path, want string) field.Errors {
	return field.Errors{{Path: path, Msg: "the value has the wrong type; it must be " + want}}
}

// below is the path of an attribute, entry that of a key of a map, both as HCL
// writes them.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func entry(path, key string) string { return fmt.Sprintf("%s[%q]", path, key) }
