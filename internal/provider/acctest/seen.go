package acctest

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// Seen is a diagnostic as the provider gave it to Terraform. Terraform's own output
// leaves out the path within an attribute.
type Seen struct {
	// Type is the resource or data source, or empty for the provider block.
	Type string
	// Path is the attribute's: "canary.steps[1].weight", or empty for the object.
	Path            string
	Summary, Detail string
	Error           bool
}

// recorder notes each diagnostic once, however often Terraform asks.
type recorder struct {
	mu   sync.Mutex
	seen []Seen
}

// take gives what was noted, and forgets it.
func (r *recorder) take() []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.seen
	r.seen = nil
	return out
}

func (r *recorder) note(typ string, diags []*tfprotov6.Diagnostic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range diags {
		s := Seen{Type: typ, Path: Path(d), Summary: d.Summary, Detail: d.Detail, Error: d.Severity == tfprotov6.DiagnosticSeverityError}
		known := false
		for _, other := range r.seen {
			known = known || other == s
		}
		if !known {
			r.seen = append(r.seen, s)
		}
	}
}

// Path writes the attribute's path of a diagnostic as an author would.
func Path(d *tfprotov6.Diagnostic) string {
	if d.Attribute == nil {
		return ""
	}
	return tfconv.PathText(d.Attribute.Steps())
}

// overheard is a provider whose diagnostics about configuration and plan are noted.
type overheard struct {
	serve.Extras
	to *recorder
}

// ConfigureProvider implements tfprotov6.ProviderServer.
func (o overheard) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := o.Extras.ConfigureProvider(ctx, req)
	if resp != nil {
		o.to.note("", resp.Diagnostics)
	}
	return resp, err
}

// ValidateProviderConfig implements tfprotov6.ProviderServer.
func (o overheard) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	resp, err := o.Extras.ValidateProviderConfig(ctx, req)
	if resp != nil {
		o.to.note("", resp.Diagnostics)
	}
	return resp, err
}

// ValidateResourceConfig implements tfprotov6.ResourceServer.
func (o overheard) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := o.Extras.ValidateResourceConfig(ctx, req)
	if resp != nil {
		o.to.note(req.TypeName, resp.Diagnostics)
	}
	return resp, err
}

// ValidateDataResourceConfig implements tfprotov6.DataSourceServer.
func (o overheard) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	resp, err := o.Extras.ValidateDataResourceConfig(ctx, req)
	if resp != nil {
		o.to.note(req.TypeName, resp.Diagnostics)
	}
	return resp, err
}

// ReadDataSource implements tfprotov6.DataSourceServer.
func (o overheard) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := o.Extras.ReadDataSource(ctx, req)
	if resp != nil {
		o.to.note(req.TypeName, resp.Diagnostics)
	}
	return resp, err
}

// PlanResourceChange implements tfprotov6.ResourceServer.
func (o overheard) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := o.Extras.PlanResourceChange(ctx, req)
	if resp != nil {
		o.to.note(req.TypeName, resp.Diagnostics)
	}
	return resp, err
}
