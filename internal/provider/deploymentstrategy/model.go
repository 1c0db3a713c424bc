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
		Type: "deployment_strategy", Noun: "deployment strategy", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(d strategy.Definition) field.Errors { return d.Validate() }, strategy.Definition.Normalize),
		Written:   written,
	}
}

// written leaves out an analysis that says nothing but the default, since nobody
// wrote it.
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
	return json.Marshal(members)
}
