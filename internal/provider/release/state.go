package release

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/deploymentstrategy"
	"github.com/sluice/terraform-provider-sluice/internal/provider/environment"
	"github.com/sluice/terraform-provider-sluice/internal/provider/rollbackpolicy"
	declaredservice "github.com/sluice/terraform-provider-sluice/internal/provider/service"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// steady is the status of a release without an open rollout.
const steady = "steady"

// mixed is the status of one whose targets were left with different artifacts.
const mixed = "mixed"

// wish is the registered wish: an open rollout's payload, and what the ledger says
// should serve otherwise. nil when nothing was ever released.
func wish(h *engine.History) *artifact.Payload {
	if open := h.Open(); open != nil {
		return &open.Spec.Payload
	}
	return h.Serving()
}

// fromHistory puts what the ledger and the target say into the model. obs is nil
// when the target was not seen; what was last seen then stays.
func (m model) fromHistory(h *engine.History, obs *target.Observation) model {
	m.ID = types.StringValue(h.Key.String())
	if p := wish(h); p != nil {
		m = m.withPayload(*p, h.Spec)
	}
	m.Status = types.StringValue(steady)
	if h.Mixed() {
		m.Status = types.StringValue(mixed)
	}
	if m.TargetsServing.IsUnknown() || m.TargetsServing.IsNull() {
		m.TargetsServing = types.MapNull(servingType)
	}
	if open := h.Open(); open != nil {
		m.Status = types.StringValue(string(open.State))
	}
	m.Progress = progress(h)
	m.LastRollout = lastRollout(h.Last())
	if obs != nil && obs.Known {
		m.Serving = serving(*obs)
	} else if m.Serving.IsUnknown() {
		m.Serving = types.ObjectNull(servingType.AttrTypes)
	}
	return m
}

// withPayload registers a wish. One that is the same keeps its labels, which are
// the author's.
func (m model) withPayload(p artifact.Payload, spec *engine.Spec) model {
	if mine, ok := m.payload(); ok && mine.Same(p) {
		return m
	}
	m.Artifact = types.ObjectValueMust(artifactType.AttrTypes, map[string]attr.Value{
		"version": types.StringValue(p.Version), "reference": types.StringValue(p.Reference),
	})
	m.ConfigurationDigest = textOrNull(p.ConfigurationDigest)
	if def, ok := m.strategy(); ok {
		m.Steps = m.steps(def, p)
	} else if spec != nil {
		m.Steps = m.steps(spec.Strategy, p)
	}
	return m
}

// strategy is the strategy when its content stands in the model itself.
func (m model) strategy() (strategy.Definition, bool) {
	d := definition.Read(m.Strategy)
	if d.Content.IsNull() || d.Content.IsUnknown() {
		return strategy.Definition{}, false
	}
	var def strategy.Definition
	known, errs, err := resolve(deploymentstrategy.Object(), d, nil, &def)
	return def, known && len(errs) == 0 && err == nil
}

// steps labels what a rollout goes through. They are unknown while targets or
// waves are.
func (m model) steps(def strategy.Definition, p artifact.Payload) types.List {
	if !m.waved() {
		return list(engine.StepLabels(def, p))
	}
	waves, known, _ := m.waves(context.Background())
	names := make([]string, len(m.Targets.Elements()))
	for i, e := range m.Targets.Elements() {
		o, ok := e.(types.Object)
		name := member(o, "name")
		known = known && ok && !name.IsUnknown()
		names[i] = name.ValueString()
	}
	if !known || m.Targets.IsUnknown() || m.Waves.IsUnknown() {
		return types.ListUnknown(types.StringType)
	}
	return list(engine.WaveLabels(def, p, waves, names))
}

func list(labels []string) types.List {
	values := make([]attr.Value, len(labels))
	for i, l := range labels {
		values[i] = types.StringValue(l)
	}
	return types.ListValueMust(types.StringType, values)
}

// serving is the arm with the most traffic; on a tie, what served before.
func serving(obs target.Observation) types.Object {
	arm := obs.Baseline
	if c := obs.Canary; c != nil && (arm == nil || c.Weight > arm.Weight) {
		arm = c
	}
	if arm == nil {
		return types.ObjectNull(servingType.AttrTypes)
	}
	return types.ObjectValueMust(servingType.AttrTypes, map[string]attr.Value{
		"version": types.StringValue(arm.Payload.Version), "reference": types.StringValue(arm.Payload.Reference),
		"configuration_digest": textOrNull(arm.Payload.ConfigurationDigest), "weight": types.Float64Value(arm.Weight),
	})
}

func lastRollout(r *engine.Rollout) types.Object {
	if r == nil {
		return types.ObjectNull(lastRolloutType.AttrTypes)
	}
	closed := types.StringNull()
	if !r.ClosedAt.IsZero() {
		closed = types.StringValue(r.ClosedAt.UTC().Format(time.RFC3339))
	}
	return types.ObjectValueMust(lastRolloutType.AttrTypes, map[string]attr.Value{
		"number": types.Int64Value(int64(r.Number)), "kind": types.StringValue(string(r.Kind)),
		"version": types.StringValue(r.Spec.Payload.Version), "result": types.StringValue(string(r.State)),
		"reason": textOrNull(r.Why()), "opened_at": types.StringValue(r.OpenedAt.UTC().Format(time.RFC3339)),
		"closed_at": closed, "by": types.StringValue(r.OpenedBy),
	})
}

func textOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// imported fills in what an import does not know, from the last specification that
// anybody wrote down.
func (m model) imported(ctx context.Context, spec engine.Spec) (model, error) {
	m.Service = types.StringValue(spec.Service)
	m.Mode = types.StringValue(string(spec.Mode))
	m.Irreversible = types.BoolValue(spec.Irreversible)
	var err error
	if m.Environment, err = define(environment.Object(), spec.Environment.Name, spec.Environment); err != nil {
		return m, err
	}
	if spec.Definition != nil {
		if m.ServiceDefinition, err = define(declaredservice.Object(), spec.Definition.Name, spec.Definition); err != nil {
			return m, err
		}
	}
	if m.Strategy, err = define(deploymentstrategy.Object(), spec.Strategy.Name, spec.Strategy); err != nil {
		return m, err
	}
	if spec.Policy.Name != "" {
		if m.RollbackPolicy, err = define(rollbackpolicy.Object(), spec.Policy.Name, spec.Policy); err != nil {
			return m, err
		}
	}
	if m, err = m.withEvidence(ctx, spec.Evidence); err != nil {
		return m, err
	}
	if m, err = m.withContinued(ctx, spec.ContinuedBy); err != nil {
		return m, err
	}
	return m.importedDrivers(ctx, spec)
}

func (m model) importedDrivers(ctx context.Context, spec engine.Spec) (model, error) {
	if spec.Waved() {
		var err error
		if m, err = m.importedTargets(ctx, spec); err != nil {
			return m, err
		}
	} else {
		raw, err := json.Marshal(map[string]json.RawMessage{spec.Target.Driver: spec.Target.Config})
		if err != nil {
			return m, err
		}
		if m.Target, err = fromJSON[types.Object](ctx, targetAttribute().GetType(), raw); err != nil {
			return m, fmt.Errorf("target: %w", err)
		}
	}
	if len(spec.Signals) == 0 {
		return m, nil
	}
	signals := map[string]map[string]json.RawMessage{}
	for name, s := range spec.Signals {
		signals[name] = map[string]json.RawMessage{s.Driver: s.Config}
	}
	raw, err := json.Marshal(signals)
	if err != nil {
		return m, err
	}
	if m.Signals, err = fromJSON[types.Map](ctx, signalsAttribute().GetType(), raw); err != nil {
		return m, fmt.Errorf("signals: %w", err)
	}
	return m, nil
}

// define makes the definition of an object out of its domain type.
func define(object declared.Object, name string, content any) (types.Object, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return definition.Null(), err
	}
	// What stands in the ledger was checked when it was written; a rule that became
	// stricter since must not stop an import.
	canonical, errs := object.Canonical(raw)
	if canonical == nil {
		return definition.Null(), errs
	}
	return definition.Of(name, canonical), nil
}

func fromJSON[V attr.Value](ctx context.Context, typ attr.Type, raw json.RawMessage) (V, error) {
	var zero V
	value, err := tfconv.FromJSON(ctx, typ, raw)
	if err != nil {
		return zero, err
	}
	v, ok := value.(V)
	if !ok {
		return zero, fmt.Errorf("unexpected value type %T", value)
	}
	return v, nil
}
