package release_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The runbook of a release, in each situation in which somebody may read it.
func TestProcedure(t *testing.T) {
	no := false
	cases := map[string]func(t *testing.T) *world{
		"steady": func(t *testing.T) *world {
			w := upgrade(t)
			req := request(good)
			promised := 0.01
			req.Spec.Definition = &release.Service{
				Name: key.Service, Team: "payments", Criticality: "high", Dependencies: []string{"search", "stock"},
				Objectives: &release.Objectives{ErrorCeiling: &promised},
			}
			req.Spec.Policy = release.Policy{Name: "ours", How: release.BySteps, KeepWarm: field.Duration(30 * time.Minute), MaxPerDay: 1, Triggers: &release.Triggers{BurnRate: &release.BurnRate{During: release.DuringSteps}}}
			ship(t, w, old)
			if out, err := w.engine("ci@acme", nil).Ship(t.Context(), req); err != nil {
				t.Fatal(out.Result, err)
			}
			return w
		},
		"underway": func(t *testing.T) *world {
			w := generations(t, old)
			req := request(good)
			req.Spec.Policy = release.Policy{Name: "ours", Automatic: &no}
			_, _ = w.engine("ci@acme", nil).Ship(until(w, 30*time.Second), req)
			return w
		},
		"first": func(t *testing.T) *world { return generations(t, old) },
		"away": func(t *testing.T) *world {
			w := generations(t, old, good)
			w.down["any"] = &target.Error{Code: target.CodeUnavailable, Message: "no route to host"}
			return w
		},
	}
	for name, begin := range cases {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			e := w.engine("reader", nil)
			status, err := e.Describe(t.Context(), key, true)
			if err != nil {
				t.Fatal(err)
			}
			got := e.Procedure(t.Context(), status)
			if again := e.Procedure(t.Context(), status); got != again {
				t.Errorf("a second look writes another text:\n%s", cmp.Diff(got, again))
			}
			golden(t, "procedure-"+name+".md", got)
		})
	}
}

// golden compares a text with a file, and writes it where the tests run with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if release.Updating() {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it:\n%s", file, diff)
	}
}
