package lambda

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// What is written into a description is read again, and fits with the longest of
// everything that the author may have written.
func TestMemoryIsReadAgain(t *testing.T) {
	full := memory{
		text: strings.Repeat("ü", maxText), fence: 1<<64 - 1, baseline: "1234567", canary: "1234568", old: "1234566",
		baselineConfig: digest, canaryConfig: noConfig,
		owner: hash("checkout/production"),
	}
	for _, m := range []memory{{}, {text: "what users invoke"}, {fence: 7, canary: "2"}, full} {
		for n := range 20 {
			m = m.after(strings.Repeat("k", n), 3)
		}
		text := m.String()
		if n := len([]rune(text)); n > maxDescription {
			t.Errorf("%d characters: %s", n, text)
		}
		got := recall(text)
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(memory{}), cmpopts.IgnoreFields(memory{}, "keys")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !got.done(strings.Repeat("k", 19)) || got.done("another") {
			t.Errorf("the last key is lost: %s", text)
		}
	}
	if m := recall("live [not ours]"); m.text != "live [not ours]" || m.fence != 0 {
		t.Errorf("%+v", m)
	}
}

func TestLabelsOfVersions(t *testing.T) {
	for _, l := range []label{{rollout: rolloutMark("a"), version: "1.1.0"}, {rollout: rolloutMark("b"), config: digest, version: "the 2nd v=1"}} {
		if got := readLabel(l.String()); got != l {
			t.Errorf("%+v is read as %+v", l, got)
		}
	}
	if n := len([]rune(label{rollout: rolloutMark("a"), version: strings.Repeat("ü", 400)}.String())); n != maxDescription {
		t.Errorf("%d characters", n)
	}
	if l := readLabel("built by hand"); l != (label{}) {
		t.Errorf("%+v", l)
	}
}

// The weights are the truth: the memory only says what they leave open.
func TestWhatAnAliasSays(t *testing.T) {
	memory := "[sluice/1 f=3 b=1 c=2]"
	for name, c := range map[string]struct {
		description, version string
		weights              map[string]float64
		base, cand           string
		weight               float64
	}{
		"one version":                {"", "1", nil, "1", "", 0},
		"prepared":                   {memory, "1", nil, "1", "2", 0},
		"a share":                    {memory, "1", map[string]float64{"2": 0.25}, "1", "2", 25},
		"a share, memory lost":       {"", "1", map[string]float64{"2": 0.25}, "1", "2", 25},
		"all":                        {memory, "2", nil, "1", "2", 100},
		"all, memory lost":           {"", "2", nil, "2", "", 0},
		"the other way round":        {memory, "2", map[string]float64{"1": 0.4}, "1", "2", 60},
		"somebody moved it":          {memory, "3", nil, "3", "", 0},
		"somebody shares with three": {memory, "1", map[string]float64{"3": 0.1}, "1", "3", 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := see(c.description, "r", c.version, &types.AliasRoutingConfiguration{AdditionalVersionWeights: c.weights})
			if s.base != c.base || s.cand != c.cand || s.weight != c.weight {
				t.Errorf("baseline %q, canary %q at %g", s.base, s.cand, s.weight)
			}
		})
	}
}

func TestSources(t *testing.T) {
	for reference, want := range map[string]source{
		"s3://acme-builds/checkout/1.zip@" + digest:                                    {bucket: "acme-builds", key: "checkout/1.zip"},
		"s3://acme-builds/checkout.zip?versionId=a.b_c@" + digest:                      {bucket: "acme-builds", key: "checkout.zip", version: "a.b_c"},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/checkout:1.0@" + digest: {image: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/checkout@" + digest},
	} {
		if got, ok := sourceOf(artifact.Artifact{Reference: reference}); !ok || got != want {
			t.Errorf("%s is %+v, %t", reference, got, ok)
		}
	}
	for _, reference := range []string{"missing@" + digest, "s3://acme-builds@" + digest, "s3://acme-builds/x?acl=1@" + digest, "docker.io/checkout@" + digest, "s3://acme-builds/x"} {
		if got, ok := sourceOf(artifact.Artifact{Reference: reference}); ok {
			t.Errorf("%s is %+v", reference, got)
		}
	}
}
