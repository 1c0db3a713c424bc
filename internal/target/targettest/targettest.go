// Package targettest is the one suite that holds every target driver to the
// contract of the port. A new driver runs it in twenty lines of test.
package targettest

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

// Fixture is a fresh target for one check.
type Fixture = checks.Env

// Run runs each check as a subtest against a target of its own, where nothing
// serves yet.
func Run(t *testing.T, fixture func(t *testing.T) *Fixture) {
	t.Helper()
	for _, c := range checks.All() {
		t.Run(c.Name, func(t *testing.T) {
			r := checks.RunOne(t.Context(), c, fixture(t))
			switch r.Status {
			case checks.Fail:
				t.Errorf("%s\nwhy it matters: %s", r.Detail, r.Why)
			case checks.NotApplicable:
				t.Log("does not apply:", r.Detail)
			}
		})
	}
}

// RunOn runs all checks, one after the other, against one target where nothing
// serves yet. It proves a little less than Run, and needs one target only.
func RunOn(t *testing.T, f *Fixture) {
	t.Helper()
	checks.Run(t.Context(), f, func(r checks.Result) {
		switch r.Status {
		case checks.Fail:
			t.Errorf("%s: %s\nwhy it matters: %s", r.Name, r.Detail, r.Why)
		case checks.NotApplicable:
			t.Log(r.Name, "does not apply:", r.Detail)
		}
	})
}
