// Package ecrartifact is the data source sluice_ecr_artifact: an image in Amazon ECR as
// a release takes it.
package ecrartifact

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// DataSource resolves an image.
type DataSource struct{ source.Base }

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "ecr_artifact"}} }

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: attributes()}
}

const invalid = "Invalid artifact in ECR"

// question is what an author asks.
type question struct {
	ecr.Query
	// Release pins the digest.
	Release string `json:"release,omitempty"`
	// Signature says whose signature the image must have, and RequireSignature whether
	// it is an error to have none.
	Signature        *signed `json:"signature,omitempty"`
	RequireSignature bool    `json:"require_signature,omitempty"`
}

// answer is what the data source gives.
type answer struct {
	ecr.Image
	Signed *found `json:"signed,omitempty"`
}

func (q question) check() field.Errors {
	errs := q.Validate()
	if q.Release != "" {
		if _, err := release.ParseKey(q.Release); err != nil {
			errs = append(errs, field.Error{Path: "release", Msg: err.Error()})
		}
	}
	switch {
	case q.Signature != nil:
		errs = append(errs, q.Signature.check().Under("signature")...)
	case q.RequireSignature:
		errs = append(errs, field.Error{Path: "require_signature", Msg: "nothing says whose signature is required; add it, for example signature = { identity = { issuer = \"https://token.actions.githubusercontent.com\", subject_pattern = \"https://github.com/acme/checkout/.*\" } }"})
	}
	return errs
}

// read gives the configuration as JSON, and what it asks. While something in it is not
// known yet, nothing is wrong with it.
func read(ctx context.Context, config types.Object) (raw json.RawMessage, q question, errs field.Errors) {
	raw, q, known, errs := source.Asked[question](ctx, config)
	if known && len(errs) == 0 {
		errs = q.check()
	}
	return raw, q, errs
}

// ValidateConfig checks what is asked, once it is known.
func (d *DataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config types.Object
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	_, _, errs := read(ctx, config)
	resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
}

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config types.Object
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	raw, q, errs := read(ctx, config)
	if resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...); resp.Diagnostics.HasError() {
		return
	}
	if raw == nil {
		// A validator has said so, unless the value became known just now.
		resp.Diagnostics.AddError(invalid, "something in it is not known yet, or is written wrongly; terraform validate says what")
		return
	}
	image, err := d.resolve(ctx, q)
	if err != nil {
		resp.Diagnostics.Append(failed(q, err)...)
		return
	}
	for _, w := range image.Warnings {
		resp.Diagnostics.AddAttributeWarning(path.Root("tag"), q.name()+": "+image.Artifact.Version, strings.ToUpper(w[:1])+w[1:]+".")
	}
	state, err := tfconv.Merged(ctx, config.Type(ctx), raw, image)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", "artifact", q.name(), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (q question) name() string { return "artifact of " + q.Repository }

// resolve finds the image, with the digest that the release has pinned, and what is to be
// found out about it.
func (d *DataSource) resolve(ctx context.Context, q question) (out answer, err error) {
	if q.Release != "" && q.Digest == "" {
		pinned, err := d.pinned(ctx, q)
		if err != nil {
			return out, err
		}
		q.Digest = pinned
	}
	r, err := ecr.New(q.Query, ecr.Deps{Clock: d.Client.Clock, Who: awscloud.Who{Actor: d.Client.Actor, Subject: q.Release, UserAgent: d.Client.UserAgent()}})
	if err != nil {
		return out, err
	}
	if out.Image, err = r.Resolve(ctx); err != nil || q.Signature == nil {
		return out, err
	}
	signed, e, err := d.verify(ctx, *q.Signature, r, out.Image)
	if err != nil {
		return out, err
	}
	if q.RequireSignature && e.Status != gate.Pass {
		return out, field.Errors{{Path: "require_signature", Msg: fmt.Sprintf("%s is not signed as it must be (%s): %s; %s", out.Artifact.Reference, e.Status, e.Reason, e.Remedy)}}
	}
	out.Signed, out.Evidence = &signed, append(out.Evidence, e)
	return out, nil
}

// failed puts an error where the author can mend it.
func failed(q question, err error) diag.Diagnostics {
	var out diag.Diagnostics
	var errs field.Errors
	var refused *awscloud.Error
	switch {
	case errors.As(err, &errs):
		return diags.Fields(path.Empty(), invalid, errs)
	case errors.As(err, &refused):
		text := "What happened: " + strings.TrimSuffix(refused.Message, ".") + "."
		if refused.Remedy != "" {
			text += "\nWhat to do: " + refused.Remedy + "."
		}
		// What no setting of AWS is to blame for is of the repository that was asked for.
		at := cmp.Or(q.Attribute(refused), "repository")
		out.AddAttributeError(path.Root(at), "Unable to resolve the "+q.name(), text+"\nOriginal error: "+refused.Err.Error())
	default:
		out.AddError(diags.Unable("resolve", "artifact", q.Repository, err))
	}
	return out
}

// pinned is the digest that the release was given for this version of this repository;
// empty where it was given none.
func (d *DataSource) pinned(ctx context.Context, q question) (string, error) {
	if d.Client.Unknown {
		return "", field.Errors{{Path: "release", Msg: "the provider block is not known yet, so no ledger can be asked what the release has pinned; give the digest itself, or leave the release out until the ledger is known"}}
	}
	key, err := release.ParseKey(q.Release)
	if err != nil {
		return "", err
	}
	l, err := d.Client.Forecasting(ctx)
	if err != nil {
		return "", err
	}
	h, err := d.Client.Forecaster(l).Load(ctx, key)
	switch {
	case errors.Is(err, release.ErrUnknown):
		return "", nil
	case err != nil:
		return "", err
	}
	return pinnedIn(h, q), nil
}

// pinnedIn looks for the newest artifact of the repository with the version, in the
// rollouts and in what was adopted.
func pinnedIn(h *release.History, q question) string {
	payloads := slices.Clone(h.Succeeded)
	for _, r := range h.Rollouts {
		payloads = append(payloads, r.Spec.Payload)
	}
	for _, p := range slices.Backward(payloads) {
		place, digest, _ := strings.Cut(p.Reference, "@")
		host, repository, _ := strings.Cut(place, "/")
		if p.Version == q.Label() && repository == q.Repository && q.of(host) {
			return digest
		}
	}
	return ""
}

// of is whether a host is the registry that is asked. Whose registry that of the
// credentials is, nobody has said yet; the region is known.
func (q question) of(host string) bool {
	return strings.Contains(host, fmt.Sprintf(".%s.", q.Region)) && (q.RegistryID == "" || strings.HasPrefix(host, q.RegistryID+"."))
}
