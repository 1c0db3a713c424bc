package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/deploymentstrategy"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/environment"
	"github.com/sluice/terraform-provider-sluice/internal/provider/rollbackpolicy"
	declaredservice "github.com/sluice/terraform-provider-sluice/internal/provider/service"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// model is a sluice_release as Terraform has it. Everything may be unknown.
type model struct {
	ID                  types.String       `tfsdk:"id"`
	LedgerID            types.String       `tfsdk:"ledger_id"`
	Service             types.String       `tfsdk:"service"`
	ServiceDefinition   types.Object       `tfsdk:"service_definition"`
	Environment         types.Object       `tfsdk:"environment"`
	Artifact            types.Object       `tfsdk:"artifact"`
	ConfigurationDigest types.String       `tfsdk:"configuration_digest"`
	Target              types.Object       `tfsdk:"target"`
	Targets             types.List         `tfsdk:"targets"`
	Waves               types.Object       `tfsdk:"waves"`
	Strategy            types.Object       `tfsdk:"strategy"`
	RollbackPolicy      types.Object       `tfsdk:"rollback_policy"`
	Signals             types.Map          `tfsdk:"signals"`
	Mode                types.String       `tfsdk:"mode"`
	Irreversible        types.Bool         `tfsdk:"irreversible"`
	Evidence            types.List         `tfsdk:"evidence"`
	PreviousName        types.String       `tfsdk:"previous_name"`
	Wait                types.String       `tfsdk:"wait"`
	WaitAtMost          durationtype.Value `tfsdk:"wait_at_most"`
	ContinuedBy         types.Object       `tfsdk:"continued_by"`
	Timeouts            timeouts.Value     `tfsdk:"timeouts"`
	Steps               types.List         `tfsdk:"steps"`
	Status              types.String       `tfsdk:"status"`
	Progress            types.Object       `tfsdk:"progress"`
	Serving             types.Object       `tfsdk:"serving"`
	TargetsServing      types.Map          `tfsdk:"targets_serving"`
	LastRollout         types.Object       `tfsdk:"last_rollout"`
}

// lookup finds the content of a declared object in the ledger; ledger.ErrNotFound
// or ledger.ErrMissing when there is none.
type lookup func(kind, name string) (json.RawMessage, error)

// key names the release; false while a part of it is unknown.
func (m model) key() (engine.Key, bool) {
	name := definition.Read(m.Environment).Name
	if m.Service.IsUnknown() || name.IsUnknown() {
		return engine.Key{}, false
	}
	return engine.Key{Service: m.Service.ValueString(), Environment: name.ValueString()}, true
}

// payload is the wish; false while a part of it is unknown.
func (m model) payload() (artifact.Payload, bool) {
	if m.Artifact.IsUnknown() || m.ConfigurationDigest.IsUnknown() {
		return artifact.Payload{}, false
	}
	version, reference := member(m.Artifact, "version"), member(m.Artifact, "reference")
	if version.IsUnknown() || reference.IsUnknown() {
		return artifact.Payload{}, false
	}
	return artifact.Payload{
		Artifact:            artifact.Artifact{Version: version.ValueString(), Reference: reference.ValueString()},
		ConfigurationDigest: m.ConfigurationDigest.ValueString(),
	}, true
}

// member reads a string out of an object; null where there is none.
func member(o types.Object, name string) types.String {
	if s, ok := o.Attributes()[name].(types.String); ok {
		return s
	}
	return types.StringNull()
}

// toSpec resolves the model into the engine's specification. known is false,
// without an error, while something in it is not known yet. Errors carry the paths
// of attributes; err is of the ledger.
func (m model) toSpec(ctx context.Context, find lookup) (spec engine.Spec, known bool, errs field.Errors, err error) {
	key, keyKnown := m.key()
	payload, payloadKnown := m.payload()
	spec = engine.Spec{
		Service: key.Service, Payload: payload,
		Mode: engine.Mode(m.Mode.ValueString()), Irreversible: m.Irreversible.ValueBool(),
	}
	known = keyKnown && payloadKnown && !m.Mode.IsUnknown() && !m.Irreversible.IsUnknown()
	var service engine.Service
	for _, d := range []struct {
		path   string
		object declared.Object
		from   types.Object
		into   any
	}{
		{"service_definition", declaredservice.Object(), m.ServiceDefinition, &service},
		{"environment", environment.Object(), m.Environment, &spec.Environment},
		{"strategy", deploymentstrategy.Object(), m.Strategy, &spec.Strategy},
		{"rollback_policy", rollbackpolicy.Object(), m.RollbackPolicy, &spec.Policy},
	} {
		ok, problems, err := resolve(d.object, definition.Read(d.from), find, d.into)
		if err != nil {
			return spec, false, errs, err
		}
		known = known && ok
		errs = append(errs, problems.Under(d.path)...)
	}
	if service.Name != "" {
		spec.Definition = &service
	}
	if keyKnown && spec.Environment.Name != key.Environment && known && len(errs) == 0 {
		errs = append(errs, field.Error{Path: "environment.content", Msg: fmt.Sprintf("the content is of the environment %q and the name is %q; take both from one definition, for example sluice_environment.production.definition", spec.Environment.Name, key.Environment)})
	}
	ok, problems := m.where(ctx, &spec)
	known = known && ok
	errs = append(errs, problems...)
	spec.ContinuedBy, ok = m.continuedBy(ctx)
	known = known && ok
	spec.Evidence, ok = m.evidence(ctx)
	known = known && ok
	signals, ok, problems := signalConfigs(ctx, m.Signals, "signals")
	known = known && ok
	spec.Signals = signals
	return spec, known, append(errs, problems...), nil
}

// resolve reads a definition into the domain type, out of the ledger where only
// the name is given.
func resolve(object declared.Object, d definition.Value, find lookup, into any) (known bool, errs field.Errors, err error) {
	switch {
	case !d.Known():
		return false, nil, nil
	case d.Name.IsNull() && d.Content.IsNull():
		return true, nil, nil
	}
	content := json.RawMessage(d.Content.ValueString())
	if d.ByName() {
		if find == nil {
			return false, nil, nil
		}
		content, err = find(object.Type, d.Name.ValueString())
		if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrMissing) {
			return false, field.Errors{{Path: "name", Msg: declared.NoSuch(object.Noun, object.Type, d.Name.ValueString())}}, nil
		}
		if err != nil {
			return false, nil, err
		}
	}
	canonical, errs := object.Canonical(content)
	if len(errs) > 0 {
		for i := range errs {
			errs[i] = field.Error{Path: "content", Msg: errs[i].Error()}
		}
		return false, errs, nil
	}
	return true, nil, json.Unmarshal(canonical, into)
}

const (
	exampleTarget = `contract = { url = "http://127.0.0.1:7070" }`
	exampleSignal = `openmetrics = { url = "http://127.0.0.1:7070/metrics", preset = "lab" }`
)

// chosen is the one driver that was given.
type chosen struct {
	driver string
	config json.RawMessage
}

// driverOf finds the one driver in an object whose attributes are drivers.
func driverOf(ctx context.Context, o types.Object, path, example string) (chosen, bool, field.Errors) {
	if o.IsUnknown() {
		return chosen{}, false, nil
	}
	var given []string
	names := make([]string, 0, len(o.Attributes()))
	for _, name := range sortedKeys(o.Attributes()) {
		names = append(names, name)
		if v := o.Attributes()[name]; !v.IsNull() {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		return chosen{}, false, field.Errors{{Path: path, Msg: fmt.Sprintf("no driver is given; exactly one must be, of: %s; for example %s", strings.Join(names, ", "), example)}}
	case len(given) > 1:
		return chosen{}, false, field.Errors{{Path: path, Msg: fmt.Sprintf("%s and %s are given; exactly one must be, for example %s", given[0], given[1], example)}}
	}
	config, known := tfconv.Known(ctx, o.Attributes()[given[0]])
	if !known {
		return chosen{}, false, nil
	}
	return chosen{driver: given[0], config: config}, true, nil
}

func signalConfigs(ctx context.Context, given types.Map, at string) (map[string]signal.Config, bool, field.Errors) {
	if given.IsUnknown() {
		return nil, false, nil
	}
	known := true
	var errs field.Errors
	var out map[string]signal.Config
	for _, name := range sortedKeys(given.Elements()) {
		o, ok := given.Elements()[name].(types.Object)
		if !ok {
			continue
		}
		path := fmt.Sprintf("%s[%q]", at, name)
		c, ok, problems := driverOf(ctx, o, path, exampleSignal)
		errs = append(errs, problems...)
		if !ok {
			known = false
			continue
		}
		if out == nil {
			out = map[string]signal.Config{}
		}
		out[name] = signal.Config{Driver: c.driver, Config: c.config}
	}
	return out, known, errs
}

func sortedKeys(m map[string]attr.Value) []string { return slices.Sorted(maps.Keys(m)) }
