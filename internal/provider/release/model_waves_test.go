package release

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// over is a specification that goes over two targets.
func over() engine.Spec {
	spec := full()
	spec.Mode, spec.Target = engine.Enforce, target.Config{}
	for i, name := range []string{"eu-1", "us-1"} {
		spec.Targets = append(spec.Targets, engine.TargetSpec{
			Name: name, Region: "a", Target: target.Config{Driver: "contract", Config: json.RawMessage(fmt.Sprintf(`{"url":"http://127.0.0.1:%d"}`, i+1))},
		})
	}
	spec.Targets[1].Signals = map[string]signal.Config{"http": {Driver: "openmetrics", Config: json.RawMessage(`{"preset":"lab","url":"http://127.0.0.1:2/metrics"}`)}}
	spec.Waves = &engine.Waves{Order: engine.Shuffled, Sizes: []int{1, 5}, MaxParallel: 3, FailureBudget: 1, Soak: field.Duration(600e9)}
	return spec
}

// blankOver is a model of which nothing is known, with the types of all parts.
func blankOver() model {
	m := blank()
	m.Targets = types.ListNull(targetsAttribute().GetType().(attr.TypeWithElementType).ElementType())
	m.Waves = types.ObjectNull(wavesAttribute().GetType().(attr.TypeWithAttributeTypes).AttributeTypes())
	m.Target = types.ObjectNull(targetAttribute().GetType().(attr.TypeWithAttributeTypes).AttributeTypes())
	m.TargetsServing = types.MapNull(servingType)
	return m
}

func TestManyTargetsComeBackFromTheModel(t *testing.T) {
	for name, change := range map[string]func(*engine.Spec){
		"all":          func(*engine.Spec) {},
		"the defaults": func(s *engine.Spec) { *s.Waves = engine.Waves{} },
		"one target":   func(s *engine.Spec) { s.Targets = s.Targets[:1]; s.Waves.FailureBudget = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			spec := over()
			change(&spec)
			spec = spec.Normalize()
			m, err := blankOver().imported(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			back, known, errs, err := m.withPayload(spec.Payload, nil).toSpec(context.Background(), nil)
			if !known || len(errs) > 0 || err != nil {
				t.Fatalf("known %v, %v, %v", known, errs, err)
			}
			if diff := cmp.Diff(spec, back.Normalize()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if errs := back.Validate(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

func TestEachPartOfManyTargetsMayBeUnknown(t *testing.T) {
	m, err := blankOver().imported(context.Background(), over().Normalize())
	if err != nil {
		t.Fatal(err)
	}
	m = m.withPayload(over().Payload, nil)
	element := func(change func(map[string]attr.Value)) types.List {
		list := m.Targets.Elements()
		o := list[0].(types.Object)
		values := o.Attributes()
		change(values)
		list[0] = types.ObjectValueMust(o.AttributeTypes(context.Background()), values)
		return types.ListValueMust(m.Targets.ElementType(context.Background()), list)
	}
	runtime := m.Targets.Elements()[0].(types.Object).Attributes()["target"].(types.Object)
	cases := map[string]func(*model){
		"targets": func(m *model) { m.Targets = types.ListUnknown(m.Targets.ElementType(context.Background())) },
		"a target": func(m *model) {
			list := m.Targets.Elements()
			list[1] = types.ObjectUnknown(list[1].(types.Object).AttributeTypes(context.Background()))
			m.Targets = types.ListValueMust(m.Targets.ElementType(context.Background()), list)
		},
		"a name": func(m *model) {
			m.Targets = element(func(v map[string]attr.Value) { v["name"] = types.StringUnknown() })
		},
		"a region": func(m *model) {
			m.Targets = element(func(v map[string]attr.Value) { v["region"] = types.StringUnknown() })
		},
		"a runtime": func(m *model) {
			m.Targets = element(func(v map[string]attr.Value) {
				v["target"] = types.ObjectUnknown(runtime.AttributeTypes(context.Background()))
			})
		},
		"waves": func(m *model) { m.Waves = types.ObjectUnknown(m.Waves.AttributeTypes(context.Background())) },
		"an order": func(m *model) {
			values := m.Waves.Attributes()
			values["order"] = types.StringUnknown()
			m.Waves = types.ObjectValueMust(m.Waves.AttributeTypes(context.Background()), values)
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			m := m
			change(&m)
			if _, known, errs, err := m.toSpec(context.Background(), nil); known || len(errs) > 0 || err != nil {
				t.Errorf("known %v, %v, %v", known, errs, err)
			}
			if errs := m.validate(context.Background()); len(errs) > 0 {
				t.Errorf("validate: %v", errs)
			}
		})
	}
}

func TestWhatManyTargetsServe(t *testing.T) {
	look := func(name, version, digit string, weight float64) engine.PartLook {
		return engine.PartLook{Name: name, Serving: &target.Observation{Known: true, Baseline: &target.ArmState{Payload: payload(version, digit), Weight: weight}}}
	}
	away := engine.PartLook{Name: "us-1", Err: context.DeadlineExceeded}
	cases := map[string]struct {
		before, now []engine.PartLook
		want        string
		weight      float64
	}{
		"all the same":                      {nil, []engine.PartLook{look("eu-1", "1", "a", 100), look("us-1", "1", "a", 75)}, "1", 75},
		"two of them":                       {nil, []engine.PartLook{look("eu-1", "1", "a", 100), look("us-1", "2", "b", 100)}, "", 0},
		"one that was never seen":           {nil, []engine.PartLook{look("eu-1", "1", "a", 100), away}, "", 0},
		"one that was seen the time before": {[]engine.PartLook{look("us-1", "1", "a", 100)}, []engine.PartLook{look("eu-1", "1", "a", 100), away}, "1", 100},
	}
	for name, tc := range cases {
		got := blankOver().withParts(tc.before).withParts(tc.now)
		if version := member(got.Serving, "version").ValueString(); version != tc.want || share(got.Serving) != tc.weight {
			t.Errorf("%s: %q at %g %% serves, want %q at %g %%", name, version, share(got.Serving), tc.want, tc.weight)
		}
		if n := len(got.TargetsServing.Elements()); n != len(tc.now) {
			t.Errorf("%s: %d targets", name, n)
		}
	}
}
