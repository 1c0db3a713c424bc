package lambda_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// bring makes p the canary, in a rollout of its own.
func bring(t *testing.T, d *lambda.Target, rollout string, p artifact.Payload) {
	t.Helper()
	for range 30 {
		req := target.PrepareRequest{WriteRequest: target.WriteRequest{Key: "prepare " + rollout, Fence: 1, Rollout: rollout}, Payload: p}
		progress, err := d.Prepare(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if progress.Done {
			return
		}
	}
	t.Fatal("prepare does not end")
}

// settle makes the canary the only one.
func settle(t *testing.T, d *lambda.Target, rollout string) {
	t.Helper()
	req := func(key string) target.WriteRequest {
		return target.WriteRequest{Key: key + rollout, Fence: 1, Rollout: rollout}
	}
	_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: req("apply"), Traffic: target.TrafficState{Weight: 100}})
	if err == nil {
		_, err = d.Complete(t.Context(), req("complete"))
	}
	if err == nil {
		_, err = d.Finalize(t.Context(), req("finalize"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever goes back gets the version that served, at once and without its package,
// unless that version does not run, or has another configuration.
func TestTheWayBackPublishesNothing(t *testing.T) {
	other := a
	other.ConfigurationDigest = b.Digest()
	for name, c := range map[string]struct {
		change func(*lambdatest.Server)
		back   artifact.Payload
		want   []string
		serves string
	}{
		"as it was":                   {func(s *lambdatest.Server) { clear(s.Objects) }, a, []string{"UpdateAlias"}, "2"},
		"it does not run any more":    {func(s *lambdatest.Server) { s.Versions["2"].Looks = 100 }, a, []string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias"}, "4"},
		"it is gone":                  {func(s *lambdatest.Server) { delete(s.Versions, "2") }, a, []string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias"}, "4"},
		"with another configuration":  {func(*lambdatest.Server) {}, other, []string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias"}, "4"},
		"what nobody released before": {func(s *lambdatest.Server) { clear(s.Objects) }, old, []string{"UpdateAlias"}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			d := open(t, config(s), clock.NewFake(start))
			for rollout, p := range []artifact.Payload{a, b} {
				id := "checkout/production/" + string(rune('1'+rollout))
				bring(t, d, id, p)
				settle(t, d, id)
			}
			before := len(s.Made())
			s.Change(func(*lambdatest.Function) { c.change(s) })
			n := calls(s, func() { bring(t, d, "checkout/production/3", c.back) })
			if len(c.want) == 1 && n != 4 {
				t.Errorf("it takes %d calls", n)
			}
			if diff := cmp.Diff(c.want, s.Made()[before:]); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			settle(t, d, "checkout/production/3")
			if s.Alias.Version != c.serves {
				t.Errorf("version %s serves, want %s", s.Alias.Version, c.serves)
			}
		})
	}
}

// The version of an image is told by its labels, and then by its digest.
func TestTheWayBackToAnImage(t *testing.T) {
	s, next := serveImages(t)
	first, code := image("1.0.0", "a")
	s.Objects[code.Image] = code
	d := open(t, config(s), clock.NewFake(start))
	for rollout, p := range []artifact.Payload{first, next} {
		id := "checkout/production/" + string(rune('1'+rollout))
		bring(t, d, id, p)
		settle(t, d, id)
	}
	before := len(s.Made())
	bring(t, d, "checkout/production/3", first)
	if diff := cmp.Diff([]string{"UpdateAlias"}, s.Made()[before:]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	// The same name for another image is another image.
	another, code := image("1.0.0", "c")
	s.Change(func(f *lambdatest.Function) { f.Objects[code.Image] = code })
	before = len(s.Made())
	bring(t, d, "checkout/production/4", another)
	if diff := cmp.Diff([]string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias"}, s.Made()[before:]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}
