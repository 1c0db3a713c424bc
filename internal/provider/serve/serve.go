// Package serve runs the provider for Terraform, without letting the contexts of
// finished calls pile up.
package serve

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Address is the provider's address in the registry.
const Address = "registry.terraform.io/sluice/sluice"

// The handshake by which Terraform says that it, and not a person, has started
// the binary (go-plugin's magic cookie, fixed by Terraform's plugin protocol).
const (
	cookieKey   = "TF_PLUGIN_MAGIC_COOKIE"
	cookieValue = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
)

// ByTerraform reports whether Terraform started this process as a plugin.
func ByTerraform(getenv func(string) string) bool { return getenv(cookieKey) == cookieValue }

// New makes the protocol server of a provider. It is safe for concurrent calls.
func New(p provider.Provider) Extras {
	// The framework's server has them all; a version that had not would not compile
	// into a release that passes its tests.
	inner, ok := providerserver.NewProtocol6(p)().(Extras)
	if !ok {
		panic("terraform-plugin-framework serves neither lists nor actions")
	}
	return &server{Extras: inner}
}

// Factory is New in the shape that terraform-plugin-testing wants.
func Factory(p func() provider.Provider) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) { return New(p()), nil }
}

// server hands each call a context whose parent it drops when the call returns.
// terraform-plugin-framework 1.19 keeps the context of every call until the
// provider stops, about 23 KB each, which is half a gigabyte for 5,000 objects.
//
// What is not overridden here is called once per run, or returns a stream that
// outlives the call, and keeps its own context.
type server struct {
	Extras
	schemas schemas
	shifts  shifts
}

// call runs one method on a context that lets go.
func call[Req, Resp any](ctx context.Context, method func(context.Context, Req) (Resp, error), req Req) (Resp, error) {
	lent := lend(ctx)
	defer lent.giveBack()
	return method(lent, req)
}

// ValidateResourceConfig implements tfprotov6.ResourceServer.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := call(ctx, s.Extras.ValidateResourceConfig, req)
	if err == nil {
		resp.Diagnostics = s.truthful(req.TypeName, req.Config, resp.Diagnostics)
	}
	return resp, err
}

// UpgradeResourceState implements tfprotov6.ResourceServer.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return call(ctx, s.Extras.UpgradeResourceState, req)
}

// UpgradeResourceIdentity implements tfprotov6.ResourceServer.
func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return call(ctx, s.Extras.UpgradeResourceIdentity, req)
}

// ReadResource implements tfprotov6.ResourceServer.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return call(ctx, s.Extras.ReadResource, req)
}

// PlanResourceChange implements tfprotov6.ResourceServer.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return call(ctx, s.Extras.PlanResourceChange, req)
}

// ApplyResourceChange implements tfprotov6.ResourceServer.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return call(ctx, s.Extras.ApplyResourceChange, req)
}

// ImportResourceState implements tfprotov6.ResourceServer.
func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return call(ctx, s.Extras.ImportResourceState, req)
}

// ValidateDataResourceConfig implements tfprotov6.DataSourceServer.
func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return call(ctx, s.Extras.ValidateDataResourceConfig, req)
}

// ReadDataSource implements tfprotov6.DataSourceServer.
func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return call(ctx, s.Extras.ReadDataSource, req)
}

// CallFunction implements tfprotov6.FunctionServer.
func (s *server) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return call(ctx, s.Extras.CallFunction, req)
}
