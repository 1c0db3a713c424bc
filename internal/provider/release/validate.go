package release

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// ValidateConfig checks each part that is known, without touching anything. What
// is not known yet is checked by a later call.
func (r *Resource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(diags.Fields(path.Empty(), "Invalid release", config.validate(ctx))...)
}

func (m model) validate(ctx context.Context) field.Errors {
	spec, known, errs, err := m.toSpec(ctx, nil)
	if err != nil {
		errs = append(errs, field.Error{Msg: err.Error()})
	}
	errs = append(errs, m.validateArtifact()...)
	if spec.Target.Driver != "" {
		errs = append(errs, targets.Drivers()[spec.Target.Driver].Validate(spec.Target.Config).Under("target."+spec.Target.Driver)...)
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Signals)) {
		s := spec.Signals[name]
		errs = append(errs, signals.Drivers()[s.Driver].Validate(s.Config).Under(fmt.Sprintf("signals[%q].%s", name, s.Driver))...)
	}
	if known && len(errs) == 0 {
		// Names and the mode have their own validators; here are the rules across attributes.
		errs = append(errs, slices.DeleteFunc(spec.Validate(), func(e field.Error) bool {
			return e.Path == "service" || e.Path == "environment" || e.Path == "mode"
		})...)
	}
	return errs
}

// validateArtifact checks the parts of the payload that are known.
func (m model) validateArtifact() field.Errors {
	var errs field.Errors
	if !m.Artifact.IsUnknown() && !m.Artifact.IsNull() {
		version, reference := member(m.Artifact, "version"), member(m.Artifact, "reference")
		a := artifact.Artifact{Version: version.ValueString(), Reference: reference.ValueString()}
		for _, e := range a.Validate() {
			if e.Path == "version" && version.IsUnknown() || e.Path == "reference" && reference.IsUnknown() {
				continue
			}
			errs = append(errs, field.Errors{e}.Under("artifact")...)
		}
	}
	if digest := m.ConfigurationDigest; !digest.IsUnknown() && !digest.IsNull() {
		msg := artifact.ValidateConfigurationDigest(digest.ValueString())
		if digest.ValueString() == "" {
			msg = "the digest is empty; leave the attribute out where there is no configuration, or give one, for example \"sha256:${filesha256(\\\"config.json\\\")}\""
		}
		if msg != "" {
			errs = append(errs, field.Error{Path: "configuration_digest", Msg: msg})
		}
	}
	return errs
}
