// Package strict reads the configuration of a signal driver, so that a misspelt
// key or a value of another type is an error on its path.
package strict

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Reader takes one JSON value that stands at path.
type Reader func(path string, raw json.RawMessage) field.Errors

// Object reads a JSON object whose keys are known. A key that is not known is an
// error, because a misspelt one would otherwise fall back silently. A null is the
// same as no key, since Terraform writes an absent attribute so.
type Object map[string]Reader

// Read checks raw, which stands at path, and reads it.
func (o Object) Read(path string, raw json.RawMessage) field.Errors {
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

// Entries reads a JSON object whose keys are the author's.
func Entries(each func(key string) Reader) Reader {
	return func(path string, raw json.RawMessage) field.Errors {
		var content map[string]json.RawMessage
		if err := json.Unmarshal(raw, &content); err != nil {
			return wrongType(path, "an object")
		}
		var errs field.Errors
		for _, key := range slices.Sorted(maps.Keys(content)) {
			if string(content[key]) == "null" {
				errs = append(errs, field.Error{Path: Entry(path, key), Msg: "the value is null; give one, or leave the key out"})
				continue
			}
			errs = append(errs, each(key)(Entry(path, key), content[key])...)
		}
		return errs
	}
}

// Text reads a string.
func Text(into *string) Reader {
	return func(path string, raw json.RawMessage) field.Errors {
		if err := json.Unmarshal(raw, into); err != nil {
			return wrongType(path, "a string")
		}
		return nil
	}
}

// Duration reads a positive duration.
func Duration(into *time.Duration) Reader {
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

// List reads a list of strings.
func List(into *[]string) Reader {
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

// below is the path of an attribute, as HCL writes it.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Entry is the path of a key of a map, as HCL writes it.
func Entry(path, key string) string { return fmt.Sprintf("%s[%q]", path, key) }

// Texts reads a map of strings, such as a pattern for each label.
func Texts(into *map[string]string) Reader {
	return Entries(func(key string) Reader {
		return func(path string, raw json.RawMessage) field.Errors {
			var value string
			errs := Text(&value)(path, raw)
			if *into == nil {
				*into = map[string]string{}
			}
			(*into)[key] = value
			return errs
		}
	})
}

// Reference reads a reference to a credential and checks it, without looking it
// up.
func Reference(into **credential.Reference) Reader {
	return func(path string, raw json.RawMessage) field.Errors {
		ref := &credential.Reference{}
		*into = ref
		errs := Object{"env": Text(&ref.Env), "file": Text(&ref.File), "command": List(&ref.Command)}.Read(path, raw)
		if len(errs) > 0 {
			return errs
		}
		return ref.Validate().Under(path)
	}
}
