package release

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// looker is a target with a plan of its own that looks whether it can be walked.
type looker struct {
	walker
	obstacle string
	fails    error
}

func (l looker) Preflight(context.Context, artifact.Payload) ([]target.Obstacle, error) {
	return []target.Obstacle{{What: "the payload"}}, l.fails
}

func (l looker) PreflightPlan(_ context.Context, p target.Plan) ([]target.Obstacle, error) {
	return []target.Obstacle{{What: fmt.Sprintf("%d steps, %s", len(p.Steps), l.obstacle)}}, nil
}

// A target that walks a plan of its own is asked about the one that will be walked, and
// others about the payload alone.
func TestATargetIsAskedAboutThePlanThatIsWalked(t *testing.T) {
	spec := stepped()
	for name, c := range map[string]struct {
		t       target.Target
		skipped []int
		want    string
	}{
		"all steps":     {looker{obstacle: "x"}, nil, "[{the payload  false} {3 steps, x  false}]"},
		"steps skipped": {looker{obstacle: "x"}, skippedAlone(spec.Strategy), "[{the payload  false} {1 steps, x  false}]"},
	} {
		got, err := ready(t.Context(), c.t, spec.Payload, planOf(spec, c.skipped))
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	down := errors.New("down")
	if got, err := ready(t.Context(), looker{fails: down}, spec.Payload, planOf(spec, nil)); !errors.Is(err, down) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	plain := struct{ target.Target }{looker{}}
	if got, err := ready(t.Context(), plain, spec.Payload, planOf(spec, nil)); err != nil || len(got) != 1 {
		t.Errorf("a target that takes any weight: %v, %v", got, err)
	}
}

// Steps are skipped where nothing serves, and where the policy says so of a payload that
// served lately; a rollback by a person and a repair walk all.
func TestWhichStepsAreSkipped(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	spec := stepped()
	spec.Payload = artifact.Payload{Artifact: artifact.Artifact{Version: "1", Reference: "x@sha256:" + fmt.Sprintf("%064d", 1)}}
	serving := &target.Observation{Baseline: &target.ArmState{}}
	fresh := &History{}
	if got, why := fresh.skips(spec, Forward, &target.Observation{}, at); len(got) != 2 || why != "" {
		t.Errorf("nothing serves: %v, %q", got, why)
	}
	if got, why := fresh.skips(spec, Forward, serving, at); len(got) != 0 || why != "" {
		t.Errorf("something serves: %v, %q", got, why)
	}
	spec.Policy.FastTrack = &FastTrack{Within: field.Duration(time.Hour)}
	next := spec.Payload
	next.Artifact.Version, next.Artifact.Reference = "2", "x@sha256:"+fmt.Sprintf("%064d", 2)
	lately := &History{Succeeded: []artifact.Payload{spec.Payload}, Rollouts: []*Rollout{{Kind: Forward, State: Succeeded, Baseline: &spec.Payload, Spec: Spec{Payload: next}, ClosedAt: at.Add(-time.Minute)}}}
	for kind, want := range map[Kind]int{Forward: 2, BackOut: 0, Repair: 0} {
		if got, why := lately.skips(spec, kind, serving, at); len(got) != want || (why != "") != (want > 0) {
			t.Errorf("%s: %v, %q", kind, got, why)
		}
	}
}
