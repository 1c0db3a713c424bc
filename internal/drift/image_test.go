package drift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// app is the release's own image, and proxy a sidecar's with an artifact of its own.
func app() drift.Image {
	return drift.Image{AWS: json.RawMessage(`{"region":"eu-central-1"}`), ECS: &drift.ECSTasks{Cluster: "production", Service: "checkout", Container: "app"}}
}

func proxy() drift.Image {
	i := app()
	i.Artifact = &artifact.Artifact{Version: "2.0.0", Reference: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/proxy@" + digest("f")}
	return i
}

func runs(digests ...string) drift.SeenImage {
	var s drift.SeenImage
	for _, d := range digests {
		s.Running = append(s.Running, drift.Running{Digest: digest(d), Where: fmt.Sprintf("1 of %d tasks", len(digests))})
	}
	return s
}

// What runs is held against what the ledger says, or against an artifact of its own.
func TestImages(t *testing.T) {
	tagged := app()
	tagged.Tag = "v{version}"
	alias := app()
	alias.ECS, alias.Lambda = nil, &drift.LambdaAlias{Function: "checkout", Alias: "live"}
	index := runs("c", "d")
	index.Platforms = []string{digest("c"), digest("d")}
	for name, c := range map[string]struct {
		image drift.Image
		seen  drift.SeenImage
		want  []string
	}{
		"the release's":           {app(), runs("a"), nil},
		"its platforms":           {app(), index, nil},
		"another":                 {app(), runs("b"), []string{"changed medium app.digest: expected " + digest("a") + ", observed " + digest("b") + " [bbbbbbbbbbbb in 1 of 1 tasks]"}},
		"another beside it":       {app(), runs("a", "b"), []string{"changed medium app.digest: expected " + digest("a") + ", observed " + digest("b") + " [bbbbbbbbbbbb in 1 of 2 tasks]"}},
		"two others":              {app(), runs("c", "b"), []string{"changed medium app.digest: expected " + digest("a") + ", observed " + digest("b") + ", " + digest("c") + " [cccccccccccc in 1 of 2 tasks, bbbbbbbbbbbb in 1 of 2 tasks]"}},
		"nothing":                 {app(), runs(), []string{"missing medium app.digest: expected " + digest("a") + ", observed none [nothing of it runs]"}},
		"a service that is gone":  {app(), drift.SeenImage{Err: drift.ErrGone}, []string{"missing medium app: expected the service checkout in production, observed none [it is not there]"}},
		"an alias that is gone":   {alias, drift.SeenImage{Err: drift.ErrGone}, []string{"missing medium app: expected the alias live of checkout, observed none [it is not there]"}},
		"nobody may look":         {app(), drift.SeenImage{Err: errors.New("denied")}, []string{"unknown medium app: expected readable, observed unknown [denied]"}},
		"a sidecar":               {proxy(), runs("f"), nil},
		"another sidecar":         {proxy(), runs("a"), []string{"changed medium app.digest: expected " + digest("f") + ", observed " + digest("a") + " [aaaaaaaaaaaa in 1 of 1 tasks]"}},
		"the tag names it":        {tagged, tag(runs("a"), "a", nil), nil},
		"the tag was moved":       {tagged, tag(runs("a"), "b", nil), []string{"changed low app.tag: expected " + digest("a") + ", observed " + digest("b") + " [the tag v1.1.0 was moved]"}},
		"the tag is gone":         {tagged, tag(runs("a"), "", nil), []string{"missing low app.tag: expected " + digest("a") + ", observed none [the tag v1.1.0 is gone]"}},
		"nobody may see the tag":  {tagged, tag(runs("a"), "", errors.New("denied")), []string{"unknown low app.tag: expected readable, observed unknown [denied]"}},
		"a tag that nobody named": {app(), tag(runs("a"), "b", nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := drift.Assess(history(t, adopted()...), drift.Seen{
				Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}, Images: map[string]drift.SeenImage{"app": c.seen},
			}, drift.Check{Images: map[string]drift.Image{"app": c.image}}, now)
			got := []string{}
			for n, f := range r.Differences {
				note := ""
				if f.Note != "" {
					note = " [" + f.Note + "]"
				}
				got = append(got, lines(r)[n]+note)
			}
			if diff := cmp.Diff(append([]string{}, c.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func tag(s drift.SeenImage, d string, err error) drift.SeenImage {
	if d != "" {
		s.Tagged = digest(d)
	}
	s.TagErr = err
	return s
}

// What of AWS no rollout moves is compared within one too, and nothing else is. It may
// keep other releases back; that the rollout is open does not.
func TestWithinARollout(t *testing.T) {
	open := history(t, join(adopted(), opened("1.2.0", "b"))...)
	check := drift.Check{
		Documents: map[string]drift.Document{"doc": {File: "x", Paths: map[string]drift.Expectation{"a": equals("1")}}},
		Resources: map[string]drift.Resource{"orders": queue(map[string]drift.Expectation{"VisibilityTimeout": equals("30")})},
		Images:    map[string]drift.Image{"app": app(), "proxy": proxy()},
	}
	seen := drift.Seen{
		Documents: map[string]drift.Content{"doc": {Bytes: []byte(`{"a":2}`)}},
		Resources: map[string]drift.Content{"orders": {Bytes: []byte(`{"VisibilityTimeout":30}`)}},
		Images:    map[string]drift.SeenImage{"app": runs("b"), "proxy": runs("f")},
	}
	const moves = "rollout 1 is open, and moves what would be compared"
	if r := drift.Assess(open, seen, check, now); r.Status != drift.StatusUnknown || r.Reason != moves || len(r.Differences) != 0 || !r.Moving || r.Blocks() || r.Told() {
		t.Errorf("nothing has drifted: %+v", r)
	}
	seen.Resources["orders"] = drift.Content{Err: errors.New("denied")}
	if r := drift.Assess(open, seen, check, now); r.Status != drift.StatusUnknown || r.Reason != moves || len(r.Differences) != 1 || r.Blocks() {
		t.Errorf("nobody can tell: %+v", r)
	}
	seen.Images["proxy"] = runs("e")
	r := drift.Assess(open, seen, check, now)
	if r.Status != drift.StatusDrifted || !r.Moving || !r.Blocks() || !r.Told() || r.Repairs() {
		t.Errorf("a sidecar has drifted: %+v", r)
	}
	if got, want := r.Summary(), "checkout/production has drifted in 2 places, beside the rollout that is open"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestImagesAreValidated(t *testing.T) {
	bad := app()
	bad.ECS.Cluster, bad.ECS.Service, bad.ECS.Container, bad.Tag = "arn:aws:ecs", "", "a b", "v{versions}"
	both := proxy()
	both.Lambda = &drift.LambdaAlias{Function: "a:b"}
	both.Artifact.Reference = "proxy:2.0.0"
	fine := proxy()
	fine.Tag = "{version}-arm64"
	check := drift.Check{Name: "x", Images: map[string]drift.Image{"a": bad, "b": both, "c": {}, "canary": app(), "fine": fine}}
	check.Release.Service, check.Release.Environment = "checkout", "production"
	text := check.Validate().Err().Error()
	for _, want := range []string{
		`images["a"].ecs.cluster: "arn:aws:ecs" is not the name of a cluster`, `images["a"].ecs.service: "" is not the name of a service`, `images["a"].ecs.container: "a b" is not the name of a container`,
		`images["a"].tag: "v{versions}" is not a tag`, `images["b"]: exactly one of ecs and lambda`, `images["b"].lambda.function: "a:b" is not the name of a function`, `images["b"].lambda.alias: "" is not`,
		`images["b"].artifact.reference: "proxy:2.0.0" names a tag`, `images["c"].aws: it does not say where`, `images["c"]: exactly one of ecs and lambda`, `images: the name "canary" is that of a part of the target`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in %s", want, text)
		}
	}
	if strings.Contains(text, "fine") {
		t.Error(text)
	}
}
