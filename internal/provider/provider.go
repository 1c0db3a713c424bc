// Package provider is Sluice's Terraform provider: what stands here and below is
// a thin layer that maps configuration to the core and outcomes to state.
package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/provider/actions"
	"github.com/sluice/terraform-provider-sluice/internal/provider/awscredentials"
	"github.com/sluice/terraform-provider-sluice/internal/provider/changecalendar"
	"github.com/sluice/terraform-provider-sluice/internal/provider/changewindow"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/deploymentstrategy"
	"github.com/sluice/terraform-provider-sluice/internal/provider/driftcheck"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/ecrartifact"
	"github.com/sluice/terraform-provider-sluice/internal/provider/environment"
	"github.com/sluice/terraform-provider-sluice/internal/provider/externaldependency"
	"github.com/sluice/terraform-provider-sluice/internal/provider/functions"
	"github.com/sluice/terraform-provider-sluice/internal/provider/notification"
	"github.com/sluice/terraform-provider-sluice/internal/provider/release"
	"github.com/sluice/terraform-provider-sluice/internal/provider/releases"
	"github.com/sluice/terraform-provider-sluice/internal/provider/releasetimeline"
	"github.com/sluice/terraform-provider-sluice/internal/provider/rollbackpolicy"
	"github.com/sluice/terraform-provider-sluice/internal/provider/service"
	"github.com/sluice/terraform-provider-sluice/internal/provider/windowadvice"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// Provider is the Terraform provider.
type Provider struct {
	world client.World
}

var (
	_ provider.ProviderWithActions            = (*Provider)(nil)
	_ provider.ProviderWithEphemeralResources = (*Provider)(nil)
	_ provider.ProviderWithFunctions          = (*Provider)(nil)
	_ provider.ProviderWithListResources      = (*Provider)(nil)
)

// New makes the provider of this machine: its clock, its environment, all drivers.
func New(version string) func() provider.Provider {
	return func() provider.Provider {
		return NewIn(client.World{
			Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(),
			Getenv: os.Getenv, Dir: ".", Version: version,
		})
	}
}

// NewIn makes a provider that stands on a world of the caller's, for tests.
func NewIn(world client.World) provider.Provider { return &Provider{world: world} }

// Metadata implements provider.Provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "sluice"
	resp.Version = p.world.Version
}

// model is the provider block.
type model struct {
	Ledger   types.String       `tfsdk:"ledger"`
	Scope    types.String       `tfsdk:"scope"`
	Above    types.Map          `tfsdk:"above"`
	Actor    types.String       `tfsdk:"actor"`
	LeaseTTL durationtype.Value `tfsdk:"lease_ttl"`
}

// Schema implements provider.Provider.
func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sluice describes and drives software releases: apply ships an artifact one weight at a time, judged by statistics, " +
			"and puts the old one back when users are being hurt. The record of every release is a ledger.",
		Attributes: map[string]schema.Attribute{
			"ledger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The URL of the ledger: `sqlite:PATH`, `postgres://HOST/DATABASE` with what libpq takes (a password comes better from `PGPASSWORD`, a password file or a service file), or `s3://BUCKET/PREFIX` with `region`, `profile`, `endpoint`, `path_style` and `allow_unversioned` (credentials come from where AWS's tools take them). Default: the environment variable `SLUICE_LEDGER`, and otherwise `" + ledgers.Default() + "` " +
					"in the working directory. That last default is refused where its file would not last: where `CI` is set, in remote runs, and on network file systems.",
			},
			"scope": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Which part of the organisation the ledger is that of, as a path: `acme`, `acme/retail`, `acme/retail/checkout`. Each scope has a ledger of its own, which records the scope at its first use and refuses any other from then on. " +
					"Default: the environment variable `SLUICE_SCOPE`, and otherwise none. Example: `\"acme/retail\"`.",
			},
			"above": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "The ledgers of the scopes above, by scope. They are read and never written. What they declare holds here too: their freezes, and their allow windows beside one's own, so that a lower scope can only narrow; holds, quarantine and the maintenance of external dependencies. What `{ name = \"x\" }` and data sources name is looked for here first and then upwards. " +
					"One that cannot be read makes the gates unknown, which blocks what goes forward and never a rollback. Default: the environment variable `SLUICE_ABOVE`, as `SCOPE=URL`, several parted by semicolons. Example: `{ acme = \"postgres://ledger.example/sluice?sluice_schema=acme\" }`.",
			},
			"actor": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Who acts, for the record, without control characters. Default: the environment variable `SLUICE_ACTOR`, otherwise the person and project that the CI system names, otherwise `user@host`. " +
					"Example: `\"ci@acme\"`.",
				Validators: []validator.String{actorCheck{}},
			},
			"lease_ttl": schema.StringAttribute{
				Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
				MarkdownDescription: "After how long without a sign of life from whoever drives a rollout another may take over. Default: `30s`. Example: `\"1m\"`.",
			},
		},
	}
}

// Resources implements provider.Provider.
func (p *Provider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		changewindow.NewResource,
		deploymentstrategy.NewResource,
		driftcheck.NewResource,
		environment.NewResource,
		externaldependency.NewResource,
		notification.NewResource,
		release.NewResource,
		rollbackpolicy.NewResource,
		service.NewResource,
	}
}

// ListResources implements provider.ProviderWithListResources: every resource lists
// what the ledger knows of its kind.
func (p *Provider) ListResources(ctx context.Context) []func() list.ListResource {
	var out []func() list.ListResource
	for _, construct := range p.Resources(ctx) {
		if _, lists := construct().(list.ListResource); lists {
			out = append(out, func() list.ListResource {
				l, _ := construct().(list.ListResource) // It was one a moment ago.
				return l
			})
		}
	}
	return out
}

// DataSources implements provider.Provider.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		changecalendar.NewDataSource,
		changewindow.NewDataSource,
		deploymentstrategy.NewDataSource,
		ecrartifact.NewDataSource,
		environment.NewDataSource,
		externaldependency.NewDataSource,
		notification.NewDataSource,
		release.NewDataSource,
		releases.NewDataSource,
		releasetimeline.NewDataSource,
		rollbackpolicy.NewDataSource,
		service.NewDataSource,
		windowadvice.NewDataSource,
	}
}

// Functions implements provider.ProviderWithFunctions.
func (p *Provider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{functions.NewCanarySteps, functions.NewRecommendStrategy, functions.NewWindowState}
}

// Actions implements provider.ProviderWithActions.
func (p *Provider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{actions.NewAbort, actions.NewContinue, actions.NewHold, actions.NewRollback}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (p *Provider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{awscredentials.New}
}
