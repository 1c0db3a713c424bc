package release

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Arms that are stated for good are refused at plan where the target tells them anew in
// each rollout, and nowhere else.
func TestStatedArmsWhereTheTargetTellsThem(t *testing.T) {
	const (
		alb    = `{"region":"eu-central-1","target_groups":["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/73e2d6bc24d8a067","arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/9f2c4d7b1a60f3c5"],"routes":["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"]}`
		ecs    = `{"region":"eu-central-1","cluster":"shop","service":"checkout"}`
		lambda = `{"region":"eu-central-1","function":"checkout","alias":"live"}`
		lab    = `{"url":"http://127.0.0.1:7070"}`

		groups   = `{"region":"eu-central-1","preset":"alb","dimensions":{"LoadBalancer":"app/shop/1"},"arms":{"baseline":"targetgroup/blue/73e2d6bc24d8a067","canary":"targetgroup/green/9f2c4d7b1a60f3c5"}}`
		untold   = `{"region":"eu-central-1","preset":"alb","dimensions":{"LoadBalancer":"app/shop/1"}}`
		versions = `{"region":"eu-central-1","preset":"lambda","dimensions":{"FunctionName":"checkout","Resource":"checkout:live"},"arms":{"baseline":"7","canary":"8"}}`
	)
	for name, c := range map[string]struct {
		driver, target, signal string
		refused                bool
	}{
		"alb":                {"alb", alb, groups, true},
		"ecs":                {"ecs", ecs, groups, true},
		"lambda":             {"lambda", lambda, versions, true},
		"alb, not stated":    {"alb", alb, untold, false},
		"ecs, not stated":    {"ecs", ecs, untold, false},
		"alb, of a function": {"alb", alb, versions, false},
		"the lab":            {"contract", lab, groups, false},
	} {
		for _, waved := range []bool{false, true} {
			spec := full()
			spec.Signals = map[string]signal.Config{"balancer": {Driver: "cloudwatch", Config: json.RawMessage(c.signal)}}
			at := target.Config{Driver: c.driver, Config: json.RawMessage(c.target)}
			spec.Target = at
			if waved {
				spec.Target, spec.Mode, spec.Waves = target.Config{}, engine.Enforce, &engine.Waves{}
				spec.Targets = []engine.TargetSpec{{Name: "eu-1", Target: at}}
			}
			m, err := blank().imported(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range m.withPayload(spec.Payload, nil).validate(context.Background()) {
				if e.Path == `signals["balancer"].cloudwatch.arms` {
					got = append(got, e.Msg)
				}
			}
			var want []string
			if c.refused {
				what := map[string]string{"lambda": "version of a function"}[c.driver]
				if what == "" {
					what = "target group"
				}
				want = []string{"the target " + c.driver + " says itself which " + what + " is the old version's and which the new one's, and that is another with each release; arms that are stated would have the old version judged as the new one from the second release on. Leave arms out; for example cloudwatch = { preset = ..., dimensions = ... }"}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, waved %t (-want +got):\n%s", name, waved, diff)
			}
		}
	}
}

// A target is in the region in which its driver makes its calls.
func TestATargetIsInTheRegionOfItsDriver(t *testing.T) {
	for name, c := range map[string]struct {
		region, driver, config string
		refused                bool
	}{
		"the same":            {"eu-central-1", "lambda", `{"region":"eu-central-1","function":"checkout","alias":"live"}`, false},
		"another":             {"us-gov-west-1", "lambda", `{"region":"eu-central-1","function":"checkout","alias":"live"}`, true},
		"a name of one's own": {"europe", "lambda", `{"region":"eu-central-1","function":"checkout","alias":"live"}`, false},
		"none":                {"", "lambda", `{"region":"eu-central-1","function":"checkout","alias":"live"}`, false},
		"a driver of none":    {"us-east-1", "contract", `{"url":"http://127.0.0.1:7070"}`, false},
	} {
		got := validateRegions([]engine.TargetSpec{{Name: "eu-1", Region: c.region, Target: target.Config{Driver: c.driver, Config: json.RawMessage(c.config)}}})
		if (len(got) > 0) != c.refused {
			t.Errorf("%s: %v", name, got)
		}
		if c.refused && got.Error() != `targets[0].region: the target "eu-1" is declared in us-gov-west-1, whose freezes it would obey, and its lambda target runs in eu-central-1; give both the same region, for example region = "eu-central-1"` {
			t.Error(got)
		}
	}
}
