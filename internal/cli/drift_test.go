package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// declareCheck puts a drift check into the ledger, as an apply does.
func (w *world) declareCheck(check drift.Check) {
	w.t.Helper()
	check.Name, check.Release = drift.NameOf(key), key
	content, err := json.Marshal(check)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &app{clock: w.clock, env: func(name string) string { return w.env[name] }}
	err = a.writing(w.t.Context(), func(l ledger.Ledger) error {
		_, err := ledger.PutObject(w.t.Context(), l, ledger.Put{Kind: drift.ObjectKind, Name: check.Name, Content: content, Actor: "ci", At: start})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestDriftReports(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	if r := w.expect(Done, "drift", "checkout/production"); r.out != "checkout/production is as the ledger says\n" {
		t.Errorf("without a check: %s", r.out)
	}
	if err := os.WriteFile("settings.json", []byte(`{"limits":{"max":7},"key":"hunter2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	hundred := "100"
	w.declareCheck(drift.Check{
		Documents: map[string]drift.Document{
			"settings": {File: "settings.json", Paths: map[string]drift.Expectation{
				"limits.max": {Equals: &hundred}, "limits.min": {Equals: &hundred}, "key": {SHA256: strings.Repeat("0", 64)},
			}},
			"flags": {File: "flags.json", SHA256: strings.Repeat("0", 64)},
		},
		Severity: map[string]drift.Severity{"settings.key": drift.SeverityHigh},
		Ignore:   []drift.Ignore{{Path: "settings.limits.min", Reason: "not yet rolled out", Expires: start.Add(24 * time.Hour)}},
	})
	r := w.expect(Blocked, "drift", "checkout/production")
	golden(t, "drift.txt", r.out)
	contains(t, r.errors, "not clean: checkout/production (drifted)")
	golden(t, "drift.md", w.expect(Blocked, "drift", "--markdown").out)
	golden(t, "drift.json", w.expect(Blocked, "drift", "--json").out)
	for _, args := range [][]string{{"drift"}, {"drift", "--json"}, {"drift", "--markdown"}} {
		if r := w.expect(Blocked, args...); strings.Contains(r.out+r.errors, "hunter2") {
			t.Errorf("%v shows a secret: %s", args, r.out)
		}
	}

	w.away = true
	contains(t, w.expect(Blocked, "drift", "checkout/production").out, "connection refused")
	contains(t, w.expect(BadUsage, "drift", "checkout").errors, `"checkout" does not name a release`)
	contains(t, w.expect(BadUsage, "drift", "--json", "--markdown").errors, "markdown")
	contains(t, w.expect(Failed, "drift", "nobody/production").errors, "nobody/production")
}

func TestDriftThatCannotBeSeenIsNotClean(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.away = true
	r := w.expect(Blocked, "drift")
	contains(t, r.out, "nobody can tell whether checkout/production has drifted", "connection refused")
	contains(t, r.errors, "not clean: checkout/production (unknown)")
}

// Where the ledger has a version for a digest, both are told: of what the release had
// before, and of what only another environment has had. A digest that nobody released is
// told alone.
func TestDriftTellsVersionsBesideDigests(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.target.Serve(first)
	both := func(p artifact.Payload) string { return p.Digest() + " (" + p.Version + ")" }
	told := func() string {
		t.Helper()
		return strings.Join(strings.Fields(w.expect(Blocked, "drift", "checkout/production").out), " ")
	}
	contains(t, told(), "baseline.digest: expected "+both(good)+", observed "+both(first))

	w.target.Serve(good)
	w.environment = "staging"
	w.shipped(third)
	w.environment = ""
	contains(t, told(), "expected "+both(good)+", observed "+both(third))
	contains(t, w.expect(Blocked, "drift", "--markdown").out, "| "+both(good)+" | "+both(third)+" |")
	var reports []driftJSON
	if err := json.Unmarshal([]byte(w.expect(Blocked, "drift", "checkout/production", "--json").out), &reports); err != nil {
		t.Fatal(err)
	}
	if d := reports[0].Differences[0]; d.Observed != third.Digest() || d.ObservedVersion != third.Version || d.ExpectedVersion != good.Version {
		t.Errorf("%+v", d)
	}

	w.target.Serve(payload("9.9.9"))
	if out := told(); !strings.HasSuffix(out, "observed "+payload("9.9.9").Digest()) {
		t.Errorf("of an artifact that nobody released it says %s", out)
	}
}
