package wire

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Parse reads a driver's configuration. What is not a C is an error that names the
// driver and lists what is allowed.
func Parse[C any](raw json.RawMessage, driver, allowed string) (C, error) {
	var c, none C
	if err := Decode(raw, &c); err != nil {
		return none, fmt.Errorf("the configuration of the %s target cannot be read: %w; allowed are %s", driver, err, allowed)
	}
	return c, nil
}

// Validate is target.Driver's for a configuration that parse reads and validate checks.
func Validate[C any](raw json.RawMessage, parse func(json.RawMessage) (C, error), validate func(C) field.Errors) field.Errors {
	c, err := parse(raw)
	if err != nil {
		return field.Errors{{Msg: err.Error()}}
	}
	return validate(c)
}

// Open is target.Driver's for a configuration that parse reads, and a target that is
// made of it without connecting.
func Open[C any, T target.Target](parse func(json.RawMessage) (C, error), build func(C, target.Deps) (T, error)) func(context.Context, json.RawMessage, target.Deps) (target.Target, error) {
	return func(_ context.Context, raw json.RawMessage, deps target.Deps) (target.Target, error) {
		c, err := parse(raw)
		if err != nil {
			return nil, err
		}
		return build(c, deps)
	}
}
