package drift_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// serves is what a target says that serves a payload and nothing else.
func serves(p artifact.Payload) target.Observation {
	return target.Observation{Known: true, Baseline: arm(p, 100)}
}

// The versions of what a release has had, and of what a check declares, stand beside their
// digests, and the values that entries accept are the digests alone.
func TestFindingsHaveTheVersionsOfTheirDigests(t *testing.T) {
	h := history(t, join(adopted(), opened("1.2.0", "b"), closed(release.Succeeded))...)
	seen := drift.Seen{Observation: serves(payload("", "a")), Images: map[string]drift.SeenImage{
		"app":   {Running: []drift.Running{{Digest: digest("a"), Where: "2 of 4 tasks"}, {Digest: digest("f"), Where: "2 of 4 tasks"}}},
		"proxy": {},
	}}
	check := drift.Check{Release: key, Images: map[string]drift.Image{
		"app":   {ECS: &drift.ECSTasks{Cluster: "c", Service: "s"}},
		"proxy": {ECS: &drift.ECSTasks{Cluster: "c", Service: "s"}, Artifact: &artifact.Artifact{Version: "2.0", Reference: "registry.example/proxy@" + digest("e")}},
	}}
	r := drift.Assess(h, seen, check, now)
	var told []string
	for _, f := range r.Differences {
		told = append(told, f.String())
	}
	text := strings.Join(told, "\n")
	for _, want := range []string{
		"baseline.digest: expected " + digest("b") + " (1.2.0), observed " + digest("a") + " (1.1.0)",
		"app.digest: expected " + digest("b") + " (1.2.0), observed " + digest("a") + ", " + digest("f") + " (1.1.0, ffffffffffff)",
		"proxy.digest: expected " + digest("e") + " (2.0), observed none",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %s:\n%s", want, text)
		}
	}
	value := digest("a")
	check.Mode, check.Accepted = drift.ModeAccept, []drift.Acceptance{{Path: drift.PathDigest, Value: &value, Reason: "for now"}}
	if r := drift.Assess(h, seen, check, now); len(r.Accepted) != 1 || r.Accepted[0].ObservedVersion != "1.1.0" {
		t.Errorf("accepted %+v", r.Accepted)
	}
}

// Others are asked for a version only where the release has none, and a report stands
// without it.
func TestVersionsOfOthersAreAskedForWhereTheyAreNeeded(t *testing.T) {
	h := history(t, adopted()...)
	for name, c := range map[string]struct {
		obs   target.Observation
		err   error
		asked int
		want  string
	}{
		"clean":        {serves(payload("1.1.0", "a")), nil, 0, ""},
		"another's":    {serves(payload("", "c")), nil, 1, "3.0.0"},
		"cannot tell":  {serves(payload("", "c")), errors.New("away"), 1, ""},
		"nobody's own": {serves(payload("", "d")), nil, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			l := drift.Looker{Engine: engine{status: release.Status{History: h, Serving: &c.obs}}, Documents: &reader{}}
			l.Versions = func(_ context.Context, service string) (map[string]string, error) {
				if asked++; service != key.Service {
					t.Errorf("asked for %q", service)
				}
				return map[string]string{digest("c"): "3.0.0"}, c.err
			}
			r, err := l.Look(t.Context(), drift.Check{Release: key}, now)
			if err != nil || asked != c.asked {
				t.Fatalf("asked %d times, %v", asked, err)
			}
			got := ""
			if len(r.Differences) > 0 {
				got = r.Differences[0].ObservedVersion
			}
			if got != c.want {
				t.Errorf("the version is %q", got)
			}
		})
	}
}
