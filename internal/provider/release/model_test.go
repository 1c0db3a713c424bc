package release

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func payload(version, c string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(c, 64)}}
}

// full is a specification with something in each of its parts.
func full() engine.Spec {
	yes, half := true, 0.005
	p := payload("1.1.0", "a")
	p.ConfigurationDigest = "sha256:" + strings.Repeat("b", 64)
	return engine.Spec{
		Service: "checkout",
		Definition: &engine.Service{
			Name: "checkout", Team: "payments", Criticality: "high", Labels: map[string]string{"pci": "yes"}, Dependencies: []string{"search"},
			Objectives: &engine.Objectives{ErrorCeiling: &half, Latency: &engine.LatencyObjective{Share: 0.99, Within: field.Duration(300 * time.Millisecond)}},
		},
		Environment: engine.Environment{Name: "production", Tier: "production", Regions: []string{"a"}, Order: 3, Labels: map[string]string{"team": "x"}},
		Payload:     p,
		Target:      target.Config{Driver: "contract", Config: json.RawMessage(`{"timeout":"1s","token":{"command":["pass","show"]},"url":"http://127.0.0.1:1"}`)},
		Strategy: strategy.Definition{
			Name:   "careful",
			Canary: &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 5, AtLeast: field.Duration(time.Minute)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{
				"errors": {Critical: true, Ceiling: 0.01},
			}},
		}.Normalize(),
		Policy:  engine.Policy{Name: "cautious", Automatic: &yes, MaxPerDay: 2},
		Signals: map[string]signal.Config{"http": {Driver: "openmetrics", Config: json.RawMessage(`{"metrics":{"own":{"bad":{"match":{"code":"5.."}},"total":{"name":"r"}}},"preset":"lab","url":"http://127.0.0.1:1/metrics"}`)}},
		Mode:    engine.Observe, Irreversible: true,
	}
}

// blank is a model of which nothing is known, as an import begins with.
func blank() model {
	return model{
		ServiceDefinition: definition.Null(), Environment: definition.Null(), Strategy: definition.Null(), RollbackPolicy: definition.Null(),
		Artifact: types.ObjectNull(artifactType.AttrTypes), Signals: types.MapNull(types.StringType), Steps: types.ListNull(types.StringType),
	}
}

func TestASpecificationComesBackFromTheModel(t *testing.T) {
	for name, change := range map[string]func(*engine.Spec){
		"full":                         func(*engine.Spec) {},
		"without a service definition": func(s *engine.Spec) { s.Definition = nil },
		"without a policy":             func(s *engine.Spec) { s.Policy = engine.Policy{} },
		"gone on with by a job": func(s *engine.Spec) {
			s.Irreversible, s.ContinuedBy = false, &engine.ContinuedBy{Every: field.Duration(5 * time.Minute)}
		},
		"without signals": func(s *engine.Spec) { s.Signals = nil; s.Strategy.Analysis.Metrics = nil },
		"all at once": func(s *engine.Spec) {
			s.Strategy = strategy.Definition{Name: "x", AllAtOnce: &strategy.AllAtOnce{}}.Normalize()
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := full()
			change(&spec)
			m, err := blank().imported(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			back, known, errs, err := m.withPayload(spec.Payload, nil).toSpec(context.Background(), nil)
			if !known || len(errs) > 0 || err != nil {
				t.Fatalf("known %v, %v, %v", known, errs, err)
			}
			if diff := cmp.Diff(spec, back); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWishThatIsTheSameKeepsTheAuthorsLabels(t *testing.T) {
	m := blank().withPayload(payload("v1", "a"), nil)
	other := payload("1.0.0", "a")
	other.Reference = "mirror.example/checkout@sha256:" + strings.Repeat("a", 64)
	if got, _ := m.withPayload(other, nil).payload(); got.Version != "v1" || strings.HasPrefix(got.Reference, "mirror") {
		t.Errorf("the same digest changed the labels to %+v", got)
	}
	if got, _ := m.withPayload(payload("2", "c"), nil).payload(); got.Version != "2" {
		t.Errorf("another digest did not take: %+v", got)
	}
}

func TestANameIsLookedUpAndAContentIsNot(t *testing.T) {
	m, err := blank().imported(context.Background(), full())
	if err != nil {
		t.Fatal(err)
	}
	m = m.withPayload(full().Payload, nil)
	m.Strategy = definition.ByName(types.StringValue("careful"))
	content, err := json.Marshal(full().Strategy)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	find := func(kind, name string) (json.RawMessage, error) {
		asked = append(asked, kind+"/"+name)
		return content, nil
	}
	spec, known, errs, err := m.toSpec(context.Background(), find)
	if !known || len(errs) > 0 || err != nil {
		t.Fatalf("known %v, %v, %v", known, errs, err)
	}
	if diff := cmp.Diff([]string{"deployment_strategy/careful"}, asked); diff != "" || spec.Strategy.Name != "careful" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	missing := func(string, string) (json.RawMessage, error) { return nil, ledger.ErrNotFound }
	if _, known, errs, _ := m.toSpec(context.Background(), missing); known || len(errs) != 1 || errs[0].Path != "strategy.name" {
		t.Errorf("a name that nobody knows: known %v, %v", known, errs)
	}
	broken := func(string, string) (json.RawMessage, error) { return nil, ledger.ErrBusy }
	if _, _, _, err := m.toSpec(context.Background(), broken); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("an error of the ledger became %v", err)
	}
	if _, known, errs, _ := m.toSpec(context.Background(), nil); known || len(errs) != 0 {
		t.Errorf("without a ledger: known %v, %v", known, errs)
	}
}

func TestWhatServesIsTheArmWithTheMostTraffic(t *testing.T) {
	arm := func(version string, weight float64) *target.ArmState {
		return &target.ArmState{Payload: payload(version, "a"), Weight: weight}
	}
	cases := map[string]struct {
		obs  target.Observation
		want string
	}{
		"one arm":    {target.Observation{Baseline: arm("1", 100)}, "1"},
		"mostly old": {target.Observation{Baseline: arm("1", 75), Canary: arm("2", 25)}, "1"},
		"mostly new": {target.Observation{Baseline: arm("1", 25), Canary: arm("2", 75)}, "2"},
		"a tie":      {target.Observation{Baseline: arm("1", 50), Canary: arm("2", 50)}, "1"},
		"only new":   {target.Observation{Canary: arm("2", 100)}, "2"},
		"nothing":    {target.Observation{}, ""},
	}
	for name, tc := range cases {
		if got := member(serving(tc.obs), "version").ValueString(); got != tc.want {
			t.Errorf("%s: %q serves, want %q", name, got, tc.want)
		}
	}
}

func TestATargetThatCannotBeSeenKeepsWhatWasSeen(t *testing.T) {
	h := engine.NewHistory(engine.Key{Service: "checkout", Environment: "production"})
	h.Succeeded = []artifact.Payload{payload("1", "a")}
	seen := &target.Observation{Known: true, Baseline: &target.ArmState{Payload: payload("1", "a"), Weight: 100}}
	m := blank().fromHistory(h, seen)
	for name, obs := range map[string]*target.Observation{"not asked": nil, "could not tell": {}} {
		if got := m.fromHistory(h, obs); !got.Serving.Equal(m.Serving) {
			t.Errorf("%s: serving became %v", name, got.Serving)
		}
	}
	unknown := m
	unknown.Serving = types.ObjectUnknown(servingType.AttrTypes)
	if got := unknown.fromHistory(h, nil); !got.Serving.IsNull() {
		t.Errorf("what was never seen is %v, want null: a state holds nothing unknown", got.Serving)
	}
}

func TestEachPartThatIsUnknownMakesTheSpecificationUnknownAndNoError(t *testing.T) {
	m, err := blank().imported(context.Background(), full())
	if err != nil {
		t.Fatal(err)
	}
	m = m.withPayload(full().Payload, nil)
	cases := map[string]func(*model){
		"service":            func(m *model) { m.Service = types.StringUnknown() },
		"service definition": func(m *model) { m.ServiceDefinition = definition.Unknown(types.StringValue("checkout")) },
		"environment":        func(m *model) { m.Environment = types.ObjectUnknown(definition.AttrTypes()) },
		"its content":        func(m *model) { m.Environment = definition.Unknown(types.StringValue("production")) },
		"artifact":           func(m *model) { m.Artifact = types.ObjectUnknown(artifactType.AttrTypes) },
		"version": func(m *model) {
			m.Artifact = types.ObjectValueMust(artifactType.AttrTypes, map[string]attr.Value{"version": types.StringUnknown(), "reference": types.StringValue("x")})
		},
		"configuration": func(m *model) { m.ConfigurationDigest = types.StringUnknown() },
		"target":        func(m *model) { m.Target = types.ObjectUnknown(m.Target.AttributeTypes(context.Background())) },
		"strategy":      func(m *model) { m.Strategy = types.ObjectUnknown(definition.AttrTypes()) },
		"policy":        func(m *model) { m.RollbackPolicy = types.ObjectUnknown(definition.AttrTypes()) },
		"signals":       func(m *model) { m.Signals = types.MapUnknown(m.Signals.ElementType(context.Background())) },
		"mode":          func(m *model) { m.Mode = types.StringUnknown() },
		"irreversible":  func(m *model) { m.Irreversible = types.BoolUnknown() },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			m := m
			change(&m)
			if _, known, errs, err := m.toSpec(context.Background(), nil); known || len(errs) > 0 || err != nil {
				t.Errorf("known %v, %v, %v", known, errs, err)
			}
			if errs := m.validate(context.Background()); name != "version" && len(errs) > 0 {
				t.Errorf("validate: %v", errs)
			}
		})
	}
}

func TestExactlyOneDriverIsGiven(t *testing.T) {
	const example = `contract = { url = "http://127.0.0.1:7070" }`
	typ := map[string]attr.Type{"contract": types.StringType, "ecs": types.StringType}
	of := func(contract, ecs attr.Value) types.Object {
		return types.ObjectValueMust(typ, map[string]attr.Value{"contract": contract, "ecs": ecs})
	}
	cases := map[string]struct {
		given  types.Object
		driver string
		want   string
	}{
		"one":     {of(types.StringNull(), types.StringValue("x")), "ecs", ""},
		"none":    {of(types.StringNull(), types.StringNull()), "", "no driver is given; exactly one must be, of: contract, ecs; for example " + example},
		"two":     {of(types.StringValue("x"), types.StringValue("y")), "", "contract and ecs are given; exactly one must be, for example " + example},
		"unknown": {of(types.StringUnknown(), types.StringNull()), "", ""},
	}
	for name, tc := range cases {
		got, ok, errs := driverOf(context.Background(), tc.given, "target", example)
		var msg string
		if len(errs) == 1 && errs[0].Path == "target" {
			msg = errs[0].Msg
		}
		if got.driver != tc.driver || ok != (tc.driver != "") || msg != tc.want {
			t.Errorf("%s: %q, %v, %v", name, got.driver, ok, errs)
		}
	}
}
