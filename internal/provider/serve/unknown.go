package serve

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// schemas are read once, and only when something is wrong with a configuration.
type schemas struct {
	once sync.Once
	resp *tfprotov6.GetProviderSchemaResponse
}

// truthful takes out what is said of the inside of something that is not known yet.
// terraform-plugin-framework 1.19 takes the members of an unknown element of a list
// to be null, and calls those that are required missing.
func (s *server) truthful(typeName string, config *tfprotov6.DynamicValue, diags []*tfprotov6.Diagnostic) []*tfprotov6.Diagnostic {
	if len(diags) == 0 {
		return diags
	}
	s.schemas.once.Do(func() {
		// The schemas outlive the call, so it must not lend them its context.
		if resp, err := s.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{}); err == nil {
			s.schemas.resp = resp
		}
	})
	if s.schemas.resp == nil || s.schemas.resp.ResourceSchemas[typeName] == nil {
		return diags
	}
	value, err := config.Unmarshal(s.schemas.resp.ResourceSchemas[typeName].ValueType())
	if err != nil {
		return diags
	}
	kept := diags[:0]
	for _, d := range diags {
		if !insideUnknown(value, d.Attribute) {
			kept = append(kept, d)
		}
	}
	return kept
}

// insideUnknown reports whether the path leads through a value that is not known.
func insideUnknown(v tftypes.Value, at *tftypes.AttributePath) bool {
	if at == nil {
		return false
	}
	steps := at.Steps()
	for i := 1; i < len(steps); i++ {
		found, _, err := tftypes.WalkAttributePath(v, tftypes.NewAttributePathWithSteps(steps[:i]))
		if err != nil {
			return false
		}
		if part, ok := found.(tftypes.Value); ok && !part.IsKnown() {
			return true
		}
	}
	return false
}
