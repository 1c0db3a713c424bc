package release

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/target"
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
	errs = append(errs, m.validateWait()...)
	if spec.Target.Driver != "" {
		errs = append(errs, targets.Drivers()[spec.Target.Driver].Validate(spec.Target.Config).Under("target."+spec.Target.Driver)...)
	}
	errs = append(errs, validateSignals("signals", spec.Target, spec.Signals)...)
	errs = append(errs, validateRegions(spec.Targets)...)
	told := false
	for i, t := range spec.Targets {
		at := fmt.Sprintf("targets[%d]", i)
		if t.Target.Driver != "" {
			errs = append(errs, targets.Drivers()[t.Target.Driver].Validate(t.Target.Config).Under(at+".target."+t.Target.Driver)...)
		}
		errs = append(errs, validateSignals(at+".signals", t.Target, t.Signals)...)
		if len(t.Signals) == 0 && !told {
			// They have the release's, of which each is complained of once.
			shared := validateAllArms("signals", t.Target, spec.Signals)
			errs, told = append(errs, shared...), len(shared) > 0
		}
	}
	errs = append(errs, validateWaved(spec, known && len(errs) == 0)...)
	if known && len(errs) == 0 {
		// Names and the mode have their own validators; here are the rules across attributes.
		errs = append(errs, slices.DeleteFunc(spec.Validate(), func(e field.Error) bool {
			return e.Path == "service" || e.Path == "environment" || e.Path == "mode" && m.Mode.ValueString() != string(engine.Observe)
		})...)
	}
	return errs
}

func validateSignals(at string, of target.Config, given map[string]signal.Config) field.Errors {
	var errs field.Errors
	for _, name := range slices.Sorted(maps.Keys(given)) {
		s := given[name]
		errs = append(errs, signals.Drivers()[s.Driver].Validate(s.Config).Under(fmt.Sprintf("%s[%q].%s", at, name, s.Driver))...)
	}
	return append(errs, validateAllArms(at, of, given)...)
}

// validateAllArms refuses arms that are stated for good where the target says anew in each
// rollout which is which: after the first release they would be the wrong way round.
func validateAllArms(at string, of target.Config, given map[string]signal.Config) field.Errors {
	var errs field.Errors
	tells := targets.Drivers()[of.Driver].Arms
	if tells == nil {
		return nil
	}
	known := tells(of.Config)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		s := given[name]
		states := signals.Drivers()[s.Driver].Arms
		if states == nil {
			continue
		}
		for _, what := range states(s.Config) {
			if slices.Contains(known, what) {
				errs = append(errs, field.Error{Path: fmt.Sprintf("%s[%q].%s.arms", at, name, s.Driver), Msg: fmt.Sprintf("the target %s says itself which %s is the old version's and which the new one's, and that is another with each release; arms that are stated would have the old version judged as the new one from the second release on. Leave arms out; for example %s = { preset = ..., dimensions = ... }", of.Driver, what, s.Driver)})
			}
		}
	}
	return errs
}

// awsRegion is the name of a region of AWS.
var awsRegion = pattern.New(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

// validateRegions holds the region in which a target is declared, by which freezes and waves
// know it, to the one in which its driver makes its calls. A name of one's own, "europe",
// says nothing of a region of AWS.
func validateRegions(all []engine.TargetSpec) field.Errors {
	var errs field.Errors
	for i, t := range all {
		var driven struct {
			Region string `json:"region"`
		}
		if json.Unmarshal(t.Target.Config, &driven) != nil || driven.Region == "" || driven.Region == t.Region || !awsRegion.MatchString(t.Region) {
			continue
		}
		errs = append(errs, field.Error{Path: fmt.Sprintf("targets[%d].region", i), Msg: fmt.Sprintf("the target %q is declared in %s, whose freezes it would obey, and its %s target runs in %s; give both the same region, for example region = %q", t.Name, t.Region, t.Target.Driver, driven.Region, driven.Region)})
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
