package alb

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Every share in tenths of a percent is kept as whole weights that are read back as
// that share, and none has the sum 0.
func TestEveryShareIsReadBack(t *testing.T) {
	for n := range 1001 {
		percent := float64(n) / 10
		first, second, ok := split(percent)
		if !ok || first < 0 || second < 0 || first > 999 || second > 999 || first+second == 0 {
			t.Fatalf("%g %%: %d/%d, %t", percent, first, second, ok)
		}
		r := route{weights: [2]int32{first, second}}
		if got := r.share(1); got != percent || !r.is(1, percent) {
			t.Fatalf("%g %% is read back as %g of %d/%d", percent, got, first, second)
		}
	}
	for percent, want := range map[float64][2]int32{0: {100, 0}, 100: {0, 100}, 5: {95, 5}, 12.5: {875, 125}, 0.1: {999, 1}} {
		if first, second, ok := split(percent); !ok || [2]int32{first, second} != want {
			t.Errorf("%g %%: %d/%d", percent, first, second)
		}
	}
	for _, percent := range []float64{0.05, 99.95, 33.333, -1, 101, math.NaN(), math.Inf(1)} {
		if first, second, ok := split(percent); ok {
			t.Errorf("%g %% is kept as %d/%d", percent, first, second)
		}
	}
	if got := lower(33.333); got != 33.3 {
		t.Errorf("%g", got)
	}
}

func TestMemoryIsReadAgain(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	full := memory{serial: 1<<64 - 1, fence: 1<<64 - 1, baseline: "73e2d6bc24d8a067", canary: "9f0c4e1d7b6a5823", old: "0123456789abcdef",
		baselineConfig: digest, canaryConfig: digest, rollout: mark("a"), owner: mark("b"), floor: 1<<31 - 1}
	for _, m := range []memory{{floor: noFloor}, {floor: 0, fence: 7}, full} {
		text := m.String()
		if len(text) > maxTag || notInTags.MatchString(text) {
			t.Errorf("%d characters, or one that tags do not take: %s", len(text), text)
		}
		if diff := cmp.Diff(m, recall(text), cmp.AllowUnexported(memory{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if m := recall("somebody's own"); m != (memory{floor: noFloor}) {
		t.Errorf("%+v", m)
	}
}

const (
	blue  = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/aaaa"
	green = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/bbbb"
)

// The weights are the truth: the memory only says what they leave open.
func TestWhatWeightsSay(t *testing.T) {
	const known = "sluice/1 n=3 f=3 b=aaaa c=bbbb"
	for name, c := range map[string]struct {
		blue, green string
		weights     [][2]int32
		base, cand  int
		weight      float64
	}{
		"the first serves":                 {"", "", [][2]int32{{1, 0}}, 0, none, 0},
		"the second serves":                {"", "", [][2]int32{{0, 1}}, 1, none, 0},
		"prepared":                         {known, known, [][2]int32{{100, 0}}, 0, 1, 0},
		"a share":                          {known, known, [][2]int32{{75, 25}}, 0, 1, 25},
		"a share, memory lost":             {"", "", [][2]int32{{75, 25}}, 0, 1, 25},
		"the greater share was there":      {"", "", [][2]int32{{25, 75}}, 1, 0, 25},
		"all":                              {known, known, [][2]int32{{0, 100}}, 0, 1, 100},
		"all, memory lost":                 {"", "", [][2]int32{{0, 100}}, 1, none, 0},
		"on its way":                       {known, known, [][2]int32{{75, 25}, {95, 5}}, 0, 1, 15},
		"one copy of the memory is older":  {"sluice/1 n=2 f=3 b=bbbb c=aaaa", known, [][2]int32{{75, 25}}, 0, 1, 25},
		"one copy of the memory is gone":   {"", known, [][2]int32{{0, 100}}, 0, 1, 100},
		"nobody gets anything":             {known, known, [][2]int32{{0, 0}}, 0, 1, 0},
		"memory of others, and one serves": {"sluice/1 n=2 b=cccc c=dddd", "", [][2]int32{{100, 0}}, 0, none, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var routes []route
			for _, w := range c.weights {
				routes = append(routes, route{weights: w})
			}
			s := Config{TargetGroups: []string{blue, green}}.see(routes, [2]map[string]string{{memoryKey: c.blue}, {memoryKey: c.green}})
			if s.base != c.base || s.cand != c.cand || s.weight != c.weight {
				t.Errorf("baseline %d, canary %d at %g", s.base, s.cand, s.weight)
			}
		})
	}
}

// A revert beside a third group moves what the two have, and leaves the third its part;
// a route that sends nobody anywhere is written anew.
func TestRevertsOfStrangeRoutes(t *testing.T) {
	c := Config{TargetGroups: []string{blue, green}}
	tuple := func(arn string, weight int32) types.TargetGroupTuple {
		return types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)}
	}
	for name, c2 := range map[string]struct {
		groups []types.TargetGroupTuple
		want   map[string]int32
	}{
		"a third":  {[]types.TargetGroupTuple{tuple(blue, 30), tuple("x", 40), tuple(green, 30)}, map[string]int32{blue: 60, green: 0, "x": 40}},
		"both 0":   {[]types.TargetGroupTuple{tuple(blue, 0), tuple(green, 0)}, map[string]int32{blue: 100, green: 0}},
		"only one": {[]types.TargetGroupTuple{tuple(green, 1)}, map[string]int32{blue: 100, green: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.readRoute("r", []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: c2.groups}}})
			if r.is(1, 0) {
				t.Fatal("it needs no write")
			}
			weights, err := r.wish(1, 0)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int32{}
			for _, g := range r.with(c.TargetGroups, weights)[0].ForwardConfig.TargetGroups {
				got[*g.TargetGroupArn] = *g.Weight
			}
			if diff := cmp.Diff(c2.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepositories(t *testing.T) {
	for image, want := range map[string]string{
		"registry.example:5000/checkout:1.0@sha256:00": "registry.example:5000/checkout", "registry.example:5000/checkout": "registry.example:5000/checkout", "nginx:latest": "nginx",
	} {
		if got := repository(image); got != want {
			t.Errorf("%s is of %s", image, got)
		}
	}
}
