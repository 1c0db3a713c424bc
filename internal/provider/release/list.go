package release

import (
	"context"
	"fmt"
	"slices"

	lists "github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/listing"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

var _ lists.ListResourceWithConfigure = (*Resource)(nil)

// open is the filter for any state of an open rollout.
const open = "open"

// statuses are what a list of releases can be asked for.
func statuses() []string {
	out := []string{open, steady, mixed}
	for _, s := range engine.States() {
		if !s.Final() {
			out = append(out, string(s))
		}
	}
	return out
}

// listConfig is the configuration of a list of releases.
type listConfig struct {
	Service     types.String `tfsdk:"service"`
	Environment types.String `tfsdk:"environment"`
	Status      types.String `tfsdk:"status"`
}

// ListResourceConfigSchema implements lists.ListResource.
func (r *Resource) ListResourceConfigSchema(_ context.Context, _ lists.ListResourceSchemaRequest, resp *lists.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{
		MarkdownDescription: "Lists every release that the ledger knows and that serves something, in the order of names. It reads the record alone and asks no target, so `serving` and `targets_serving` are null, and come with the first read. " +
			"A release over many targets is one release.\n\n" +
			"Lists need Terraform 1.14. Everywhere else `sluice status` shows the same, and an `import` block with an `id` takes one over.",
		Attributes: map[string]listschema.Attribute{
			"service":     listschema.StringAttribute{Optional: true, MarkdownDescription: "The service whose releases are listed. Default: all. Example: `\"checkout\"`."},
			"environment": listschema.StringAttribute{Optional: true, MarkdownDescription: "The environment whose releases are listed. Default: all. Example: `\"production\"`."},
			"status": listschema.StringAttribute{
				Optional: true, Validators: []validator.String{choice.Of("status", statuses())},
				MarkdownDescription: "The status of the releases that are listed: " + tfconv.OneOf(statuses()) + ". `open` is any whose rollout is open. Default: all. Example: `\"paused\"`.",
			},
		},
	}
}

// question is a list's configuration, read.
type question struct{ service, environment, status string }

// List implements lists.ListResource.
func (r *Resource) List(ctx context.Context, req lists.ListRequest, stream *lists.ListResultsStream) {
	var config listConfig
	var q question
	failed := req.Config.Get(ctx, &config)
	for _, f := range []struct {
		name string
		from types.String
		into *string
	}{{"service", config.Service, &q.service}, {"environment", config.Environment, &q.environment}, {"status", config.Status, &q.status}} {
		text, more := listing.Known(f.name, f.from)
		*f.into = text
		failed.Append(more...)
	}
	if failed.HasError() {
		stream.Results = lists.ListResultsStreamDiagnostics(failed)
		return
	}
	stream.Results = listing.Stream(ctx, r.client, "release", req, func(ctx context.Context, l ledger.Ledger, id string) (listing.Seq, error) {
		keys, err := engine.Keys(ctx, l, q.service)
		if err != nil {
			return nil, err
		}
		keys = slices.DeleteFunc(keys, func(k engine.Key) bool {
			return k.Target != "" || q.environment != "" && k.Environment != q.environment
		})
		m, err := nothing(ctx)
		if err != nil {
			return nil, err
		}
		m.LedgerID = types.StringValue(id)
		return r.walk(ctx, l, keys, q.status, m), nil
	})
}

// walk folds one release at a time, so that a list of all needs the memory of one.
func (r *Resource) walk(ctx context.Context, l ledger.Ledger, keys []engine.Key, status string, blank model) listing.Seq {
	e := r.client.Engine(l)
	return func(yield func(listing.Found, error) bool) {
		for _, key := range keys {
			h, err := e.Load(ctx, key)
			switch {
			case err != nil:
				if !yield(listing.Found{Name: key.String()}, err) {
					return
				}
			case wish(h) == nil || h.Spec == nil || !has(h, status):
				// A release without a wish is none that could be imported.
			case !yield(found(h, blank), nil):
				return
			}
		}
	}
}

// has is whether the release has the status.
func has(h *engine.History, status string) bool {
	return status == "" || status == statusOf(h) || status == open && h.Open() != nil
}

// statusOf is the release's status.
func statusOf(h *engine.History) string {
	switch {
	case h.Open() != nil:
		return string(h.Open().State)
	case h.Mixed():
		return mixed
	default:
		return steady
	}
}

// found is one release in a list.
func found(h *engine.History, blank model) listing.Found {
	return listing.Found{
		Name:     h.Key.String(),
		Display:  fmt.Sprintf("%s %s in %s, %s", h.Key.Service, wish(h).Label(), h.Key.Environment, statusOf(h)),
		Identity: identityOf(h.Key),
		Resource: func(ctx context.Context) (any, error) {
			m, err := blank.imported(ctx, *h.Spec)
			return m.fromHistory(h, nil), err
		},
	}
}

// nothing is a model in which everything is null.
func nothing(ctx context.Context) (model, error) {
	var m model
	schema := releaseSchema(ctx)
	state := tfsdk.State{Schema: schema, Raw: tftypes.NewValue(schema.Type().TerraformType(ctx), nil)}
	// The framework reads no object that is null itself into a struct.
	failed := state.SetAttribute(ctx, path.Root("id"), types.StringNull())
	failed.Append(state.Get(ctx, &m)...)
	if failed.HasError() {
		return m, fmt.Errorf("%s: %s", failed[0].Summary(), failed[0].Detail())
	}
	return m, nil
}
