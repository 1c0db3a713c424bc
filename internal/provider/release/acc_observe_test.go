package release_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAccObserveModeWritesNothingAndClaimsNoSuccess: an apply succeeds only when
// the artifact serves, and in this mode it is somebody else who brings it there.
func TestAccObserveModeWritesNothingAndClaimsNoSuccess(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	before := s.lab.Status().Observation
	s.Write("main.tf", s.config(s.v2, "  mode = \"observe\"\n"))
	plan := s.Plan()
	s.Golden("a plan in mode observe", plan, "warning")
	s.MustFail("Unable to release checkout 1.1.0 to production: errored", "the target does not serve 1.1.0 alone", "1.0.0 at 100 %")
	after := s.lab.Status().Observation
	if diff := cmp.Diff(before.Fingerprint, after.Fingerprint); diff != "" {
		t.Errorf("the target was written to (-before +after):\n%s", diff)
	}
	s.wantServing(s.v1)
	s.wantState("1.0.0", "steady")
	s.ship(s.v1)
}
