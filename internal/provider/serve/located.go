package serve

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// located says on which attribute a diagnostic is so that a person finds it. Core looks
// for the last name of a path among the attributes of the whole block, since what is
// nested is no block: of `scan.max_age` it shows the block's first line, and names no
// attribute at all. So the path ends where core can follow it, and the text begins with
// the whole of it. Within this process, and its tests, paths stay whole.
type located struct{ Extras }

// ValidateProviderConfig implements tfprotov6.ProviderServer.
func (l located) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	resp, err := l.Extras.ValidateProviderConfig(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ConfigureProvider implements tfprotov6.ProviderServer.
func (l located) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := l.Extras.ConfigureProvider(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ValidateResourceConfig implements tfprotov6.ResourceServer.
func (l located) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := l.Extras.ValidateResourceConfig(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// PlanResourceChange implements tfprotov6.ResourceServer.
func (l located) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := l.Extras.PlanResourceChange(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ApplyResourceChange implements tfprotov6.ResourceServer.
func (l located) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := l.Extras.ApplyResourceChange(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ValidateDataResourceConfig implements tfprotov6.DataSourceServer.
func (l located) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	resp, err := l.Extras.ValidateDataResourceConfig(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ReadDataSource implements tfprotov6.DataSourceServer.
func (l located) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := l.Extras.ReadDataSource(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// ValidateEphemeralResourceConfig implements tfprotov6.EphemeralResourceServer.
func (l located) ValidateEphemeralResourceConfig(ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	resp, err := l.Extras.ValidateEphemeralResourceConfig(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// OpenEphemeralResource implements tfprotov6.EphemeralResourceServer.
func (l located) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	resp, err := l.Extras.OpenEphemeralResource(ctx, req)
	if resp != nil {
		followed(resp.Diagnostics)
	}
	return resp, err
}

// followed cuts the paths that core cannot follow to the end, and puts them into the text.
func followed(diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		if d == nil || d.Attribute == nil {
			continue
		}
		steps := d.Attribute.Steps()
		cut := followable(steps)
		if cut == 0 || cut == len(steps) {
			continue
		}
		at := tfconv.PathText(steps)
		if strings.HasPrefix(d.Detail, " ") {
			// Lines that begin with a space are laid out, and Terraform leaves them alone.
			d.Detail = "  " + at + ":\n" + d.Detail
		} else {
			d.Detail = at + ": " + d.Detail
		}
		d.Attribute = tftypes.NewAttributePathWithSteps(steps[:cut])
	}
}

// followable is how many steps of a path core finds in what is written: an attribute of
// the block, and one element of it.
func followable(steps []tftypes.AttributePathStep) int {
	if len(steps) == 0 {
		return 0
	}
	if _, ok := steps[0].(tftypes.AttributeName); !ok {
		return 0
	}
	if len(steps) > 1 {
		switch steps[1].(type) {
		case tftypes.ElementKeyInt, tftypes.ElementKeyString:
			return 2
		}
	}
	return 1
}
