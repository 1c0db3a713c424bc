package deploymentstrategy

import (
	"bytes"
	"encoding/json"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// Object describes deployment strategies. The content has the defaults filled in,
// so that a definition keeps its meaning when a default changes.
func Object() declared.Object {
	return declared.Object{
		Type: "deployment_strategy", Noun: "deployment strategy", Shadows: true, Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(d strategy.Definition) field.Errors { return d.Validate() }, strategy.Definition.Normalize),
		Written:   written,
	}
}

// written leaves out an analysis that says nothing but the default, and what a check
// expects where it says nothing, since nobody wrote it.
func written(raw json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	nothing, err := json.Marshal(strategy.Definition{}.Normalize().Analysis)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(members["analysis"], nothing) {
		delete(members, "analysis")
	}
	for kind, list := range map[string]string{"canary": "steps", "blue_green": "checks"} {
		if err := withoutEmptyExpect(members, kind, list); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}

// withoutEmptyExpect goes through the checks of a kind of strategy, which stand in a
// list, themselves or in steps.
func withoutEmptyExpect(members map[string]json.RawMessage, kind, list string) error {
	var content map[string]json.RawMessage
	if members[kind] == nil {
		return nil
	}
	if err := json.Unmarshal(members[kind], &content); err != nil || content[list] == nil {
		return err
	}
	var items []map[string]json.RawMessage
	if err := json.Unmarshal(content[list], &items); err != nil {
		return err
	}
	for _, item := range items {
		if err := dropExpect(item); err != nil {
			return err
		}
	}
	var err error
	if content[list], err = json.Marshal(items); err != nil {
		return err
	}
	members[kind], err = json.Marshal(content)
	return err
}

// dropExpect drops the empty expectation of a check, or of the check in a step.
func dropExpect(item map[string]json.RawMessage) error {
	if string(item["expect"]) == "{}" {
		delete(item, "expect")
	}
	if item["check"] == nil {
		return nil
	}
	var inner map[string]json.RawMessage
	if err := json.Unmarshal(item["check"], &inner); err != nil {
		return err
	}
	if string(inner["expect"]) == "{}" {
		delete(inner, "expect")
	}
	var err error
	item["check"], err = json.Marshal(inner)
	return err
}
