package cli

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// told is a world with a history: a first release, a good one, and a bad one that
// was rolled back.
func toldWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	if _, err := w.ship(t.Context(), bad); err == nil {
		t.Fatal("the bad artifact was shipped")
	}
	return w
}

func TestReadsOfAFinishedHistory(t *testing.T) {
	w := toldWorld(t)
	for name, args := range map[string][]string{
		"status.txt":       {"status"},
		"status.json":      {"status", "checkout/production", "--json"},
		"history.txt":      {"history", "checkout/production"},
		"history.json":     {"history", "checkout/production", "--json"},
		"rollout.txt":      {"history", "checkout/production", "--rollout", "3"},
		"rollout.json":     {"history", "checkout/production", "--rollout", "1", "--json"},
		"explain.txt":      {"explain", "checkout/production/3"},
		"explain-good.txt": {"explain", "checkout/production/2"},
		"quarantine.txt":   {"quarantine", "list"},
		"quarantine.json":  {"quarantine", "list", "checkout/production", "--json"},
		"verify.txt":       {"verify"},
		"verify.json":      {"verify", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.expect(Done, args...)
			golden(t, name, r.out)
			if r.errors != "" {
				t.Errorf("a read wrote errors: %s", r.errors)
			}
		})
	}
}

// A release alone is its newest rollout, and one that was never released has none.
func TestExplainOfARelease(t *testing.T) {
	w := toldWorld(t)
	if alone, third := w.expect(Done, "explain", "checkout/production").out, w.expect(Done, "explain", "checkout/production/3").out; alone != third {
		t.Errorf("the release alone:\n%s\nits third rollout:\n%s", alone, third)
	}
	held := newWorld(t)
	e := &release.Engine{Ledger: held.open(), Clock: held.clock, Actor: "kim@acme"}
	if err := e.Quarantine(t.Context(), key, bad, "leaks"); err != nil {
		t.Fatal(err)
	}
	r := held.expect(Failed, "explain", "checkout/production")
	if !strings.Contains(r.errors, "has had no rollout; what it has had: sluice history checkout/production") {
		t.Errorf("of one that was never released: %s", r.errors)
	}
}
