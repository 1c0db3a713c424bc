package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const exampleTargets = `targets = [{ name = "eu-1", target = { contract = { url = "https://eu-1.example" } } }]`

// waved is whether the release goes over many targets, as far as the model tells.
func (m model) waved() bool { return !m.Targets.IsNull() }

// where fills in the runtime, or the many of them. known is false, without an
// error, while something of it is not known yet.
func (m model) where(ctx context.Context, spec *engine.Spec) (known bool, errs field.Errors) {
	switch {
	case m.Targets.IsUnknown(), m.Waves.IsUnknown():
		return false, nil
	case !m.Targets.IsNull() && !m.Target.IsNull():
		return false, field.Errors{{Path: "targets", Msg: "target and targets are given; exactly one of them must be, for example " + exampleTargets}}
	case m.Targets.IsNull() && !m.Waves.IsNull():
		return false, field.Errors{{Path: "waves", Msg: "there are no targets to go over; waves needs the attribute targets, for example " + exampleTargets}}
	case m.Targets.IsNull() && m.Target.IsNull():
		return false, field.Errors{{Path: "target", Msg: "neither target nor targets is given; exactly one of them must be, for example target = { " + exampleTarget + " }"}}
	case m.Targets.IsNull():
		c, ok, problems := driverOf(ctx, m.Target, "target", exampleTarget)
		spec.Target = target.Config{Driver: c.driver, Config: c.config}
		return ok, problems
	case len(m.Targets.Elements()) == 0:
		return false, field.Errors{{Path: "targets", Msg: "the list is empty, so there is nothing to release to; it needs at least one target, for example " + exampleTargets}}
	}
	known = true
	for i, e := range m.Targets.Elements() {
		t, ok, problems := targetSpec(ctx, i, e)
		known = known && ok
		errs = append(errs, problems...)
		spec.Targets = append(spec.Targets, t)
	}
	waves, ok, problems := m.waves(ctx)
	spec.Waves = &waves
	return known && ok, append(errs, problems...)
}

// targetSpec reads one of the targets.
func targetSpec(ctx context.Context, i int, v attr.Value) (t engine.TargetSpec, known bool, errs field.Errors) {
	o, ok := v.(types.Object)
	if !ok || o.IsUnknown() || o.IsNull() {
		return t, false, nil
	}
	at := fmt.Sprintf("targets[%d]", i)
	name, region := member(o, "name"), member(o, "region")
	t.Name, t.Region = name.ValueString(), region.ValueString()
	known = !name.IsUnknown() && !region.IsUnknown()
	if runtime, ok := o.Attributes()["target"].(types.Object); ok {
		c, ok, problems := driverOf(ctx, runtime, at+".target", exampleTarget)
		known = known && ok
		errs = append(errs, problems...)
		t.Target = target.Config{Driver: c.driver, Config: c.config}
	}
	if own, ok := o.Attributes()["signals"].(types.Map); ok {
		signals, ok, problems := signalConfigs(ctx, own, at+".signals")
		known = known && ok
		errs = append(errs, problems...)
		t.Signals = signals
	}
	return t, known, errs
}

// waves reads how the release goes over its targets. What is given as nothing is
// not the same as what is left to the default.
func (m model) waves(ctx context.Context) (w engine.Waves, known bool, errs field.Errors) {
	if m.Waves.IsNull() {
		return w, true, nil
	}
	raw, known := tfconv.Known(ctx, m.Waves)
	if !known {
		return w, false, nil
	}
	if known = json.Unmarshal(raw, &w) == nil; !known {
		// Its own validator says what is wrong with the duration.
		return w, false, nil
	}
	if n, ok := m.Waves.Attributes()["max_parallel"].(types.Int64); ok && !n.IsNull() && n.ValueInt64() == 0 {
		errs = append(errs, field.Error{Path: "waves.max_parallel", Msg: fmt.Sprintf("0 targets at once would never end; it must be from 1 to %d, for example %d", engine.MaxParallelLimit, engine.DefaultMaxParallel)})
	}
	if l, ok := m.Waves.Attributes()["sizes"].(types.List); ok && !l.IsNull() && len(l.Elements()) == 0 {
		errs = append(errs, field.Error{Path: "waves.sizes", Msg: "the list is empty; give the sizes of the first waves, of which the last is repeated, or leave it out for one target a wave, for example [1, 5]"})
	}
	return w, true, errs
}

// validateWaved checks what is known of targets and waves while the rest of the
// release is not. A complete specification is checked as a whole.
func validateWaved(spec engine.Spec, known bool) field.Errors {
	if known || spec.Waves == nil || spec.Waves.Soak < 0 {
		return nil
	}
	return append(spec.Waves.ValidateWaves(len(spec.Targets)).Under("waves"), engine.ValidateTargets(namedOnly(spec.Targets))...)
}

// namedOnly leaves targets out whose name is not known, unless none is.
func namedOnly(targets []engine.TargetSpec) []engine.TargetSpec {
	if slices.ContainsFunc(targets, func(t engine.TargetSpec) bool { return t.Name == "" }) {
		return nil
	}
	return targets
}

// importedTargets fills in what an import does not know. What is the default stays
// left out, as an author would.
func (m model) importedTargets(ctx context.Context, spec engine.Spec) (model, error) {
	list := make([]map[string]any, len(spec.Targets))
	for i, t := range spec.Targets {
		list[i] = map[string]any{"name": t.Name, "target": map[string]json.RawMessage{t.Target.Driver: t.Target.Config}}
		if t.Region != "" {
			list[i]["region"] = t.Region
		}
		if len(t.Signals) > 0 {
			signals := map[string]any{}
			for name, s := range t.Signals {
				signals[name] = map[string]json.RawMessage{s.Driver: s.Config}
			}
			list[i]["signals"] = signals
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return m, err
	}
	if m.Targets, err = fromJSON[types.List](ctx, targetsAttribute().GetType(), raw); err != nil {
		return m, fmt.Errorf("targets: %w", err)
	}
	waves := map[string]any{}
	if w := spec.Waves; w != nil {
		if w.Order != engine.Declared {
			waves["order"] = w.Order
		}
		if !slices.Equal(w.Sizes, []int{1}) {
			waves["sizes"] = w.Sizes
		}
		if w.MaxParallel != engine.DefaultMaxParallel {
			waves["max_parallel"] = w.MaxParallel
		}
		if w.FailureBudget > 0 {
			waves["failure_budget"] = w.FailureBudget
		}
		if w.Soak > 0 {
			waves["soak"] = w.Soak
		}
	}
	if len(waves) == 0 {
		return m, nil
	}
	if raw, err = json.Marshal(waves); err != nil {
		return m, err
	}
	if m.Waves, err = fromJSON[types.Object](ctx, wavesAttribute().GetType(), raw); err != nil {
		return m, fmt.Errorf("waves: %w", err)
	}
	return m, nil
}

// withParts puts what the targets say into the model. One that was not seen keeps
// what was last seen of it.
func (m model) withParts(looks []engine.PartLook) model {
	seen := map[string]attr.Value{}
	for _, l := range looks {
		switch before, ok := m.TargetsServing.Elements()[l.Name]; {
		case l.Err == nil && l.Serving != nil:
			seen[l.Name] = serving(*l.Serving)
		case ok && !before.IsUnknown():
			seen[l.Name] = before
		default:
			seen[l.Name] = types.ObjectNull(servingType.AttrTypes)
		}
	}
	m.TargetsServing = types.MapValueMust(servingType, seen)
	m.Serving = agreed(seen)
	return m
}

// agreed is what all targets serve, with the weight of the one that has the least;
// null when they serve different artifacts, or when one was never seen.
func agreed(seen map[string]attr.Value) types.Object {
	null := types.ObjectNull(servingType.AttrTypes)
	all := null
	for _, name := range sortedKeys(seen) {
		o, ok := seen[name].(types.Object)
		if !ok || o.IsNull() {
			return null
		}
		if all.IsNull() {
			all = o
			continue
		}
		if identity := func(o types.Object) string {
			reference := member(o, "reference").ValueString()
			_, digest, _ := strings.Cut(reference, "@")
			return digest + " " + member(o, "configuration_digest").ValueString()
		}; identity(o) != identity(all) {
			return null
		}
		if share(o) < share(all) {
			all = o
		}
	}
	return all
}

func share(o types.Object) float64 {
	weight, _ := o.Attributes()["weight"].(types.Float64)
	return weight.ValueFloat64()
}

// placed names the targets with their runtimes, which is all that says where the
// release runs.
func placed(targets types.List) map[string]attr.Value {
	out := map[string]attr.Value{}
	for i, e := range targets.Elements() {
		o, ok := e.(types.Object)
		if !ok || o.IsUnknown() || member(o, "name").IsUnknown() {
			out[fmt.Sprintf("?%d", i)] = e
			continue
		}
		out[member(o, "name").ValueString()] = o.Attributes()["target"]
	}
	return out
}
