package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	walk "github.com/sluice/terraform-provider-sluice/internal/release/timeline"
)

// declareObject puts an object into the world's ledger.
func (w *world) declareObject(kind, name, content string) {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), ledgers.Default(), ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	if _, err := ledger.PutObject(w.t.Context(), l, ledger.Put{Kind: kind, Name: name, Content: json.RawMessage(content), Actor: "central@acme", At: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

func TestTimeline(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.declareObject(release.EnvironmentKind, "staging", `{"name":"staging","tier":"staging"}`)
	w.declareObject(kindStrategy, "sudden", `{"name":"sudden","all_at_once":{},"bake":"1h","analysis":{"interval":"10s"},"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`)
	w.declare(calendar.Window{
		Name: "lunch", Kind: calendar.Freeze, TimeZone: "UTC", Reason: "nobody looks",
		Absolute: []calendar.Span{{StartsAt: "2026-03-04T12:01", EndsAt: "2026-03-04T13:00"}}, Scope: calendar.Scope{Tiers: []string{"production"}},
	})
	args := []string{"timeline", "checkout", "--through", "staging,strategy=sudden,soak=1h", "--through", "production", "--start", "2026-03-04T10:00:00Z", "--zone", "Europe/Berlin"}
	text := w.expect(Done, args...).out
	golden(t, "timeline.txt", text)
	for line := range strings.Lines(text) {
		if len(line) > 81 {
			t.Errorf("too wide: %q", line)
		}
	}
	var r walk.Report
	if err := json.Unmarshal([]byte(w.expect(Done, append(args, "--json")...).out), &r); err != nil {
		t.Fatal(err)
	}
	last := r.Stages[1]
	if !strings.Contains(last.Basis, `the one recorded rollout by the strategy "careful"`) || len(last.Waits) != 1 || last.Waits[0].Window != "lunch" {
		t.Errorf("production: %+v", last)
	}
	late := w.expect(Failed, append(args, "--deadline", "2026-03-04T12:30:00Z")...)
	contains(t, late.errors, "the earliest finish is 2026-03-04 14:0", `In the way: freeze "lunch": nobody looks`)
	contains(t, late.out, "production: 2026-03-04T13:00:00+01:00")

	for want, bad := range map[string][]string{
		"RELEASE is missing":                          {"timeline"},
		"--through is missing":                        {"timeline", "checkout"},
		"or: sluice timeline checkout/production":     {"timeline", "checkout"},
		`"a/" does not name a release`:                {"timeline", "a/", "--through", "staging"},
		`the name " a" begins or ends with space`:     {"timeline", " a", "--through", "staging"},
		`the ledger knows no environment "moon"`:      {"timeline", "checkout", "--through", "moon"},
		"checkout was never released to staging":      {"timeline", "checkout", "--through", "staging"},
		`the ledger knows no strategy "none"`:         {"timeline", "checkout", "--through", "staging,strategy=none"},
		`"wait=1h" is neither strategy=NAME nor soak`: {"timeline", "checkout", "--through", "staging,wait=1h"},
		`soak: "1" has no unit`:                       {"timeline", "checkout", "--through", "staging,soak=1"},
		`"production" is there already`:               {"timeline", "checkout", "--through", "production", "--through", "production"},
		`--zone "CET+1" is not the name`:              {"timeline", "checkout", "--through", "production", "--zone", "CET+1"},
		`--start "now" is no time`:                    {"timeline", "checkout", "--through", "production", "--start", "now"},
		"--deadline 2020-01-01T00:00:00Z is past":     {"timeline", "checkout", "--through", "production", "--deadline", "2020-01-01T00:00:00Z"},
	} {
		contains(t, w.expect(BadUsage, bad...).errors, want)
	}
}

// A release is named as for every other command, and its environment comes last.
func TestTimelineOfARelease(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.declareObject(release.EnvironmentKind, "staging", `{"name":"staging","tier":"staging"}`)
	w.declareObject(kindStrategy, "sudden", `{"name":"sudden","all_at_once":{},"bake":"1h","analysis":{"interval":"10s"},"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`)
	start := []string{"--start", "2026-03-04T10:00:00Z"}
	same := func(short, long []string) {
		t.Helper()
		got := w.expect(Done, append(append([]string{"timeline"}, short...), start...)...).out
		if want := w.expect(Done, append(append([]string{"timeline"}, long...), start...)...).out; got != want || got == "" {
			t.Errorf("%v prints\n%s\nand %v\n%s", short, got, long, want)
		}
	}
	const staging = "staging,strategy=sudden,soak=1h"
	same([]string{"checkout/production"}, []string{"checkout", "--through", "production"})
	same([]string{"checkout/production", "--through", staging}, []string{"checkout", "--through", staging, "--through", "production"})
	// What --through says of it holds.
	same([]string{"checkout/production", "--through", "production,soak=2h"}, []string{"checkout", "--through", "production,soak=2h"})
	unknown := w.expect(Failed, "timeline", "checkout/staging").errors
	contains(t, unknown, "checkout/staging: the ledger knows no such release; it knows checkout/production", "sluice timeline checkout --through staging,strategy=careful")
}

func TestTimelineOfOneTargetOfARelease(t *testing.T) {
	w := newWorld(t)
	w.waved(t)
	out := w.expect(Done, "timeline", "checkout/production/eu-1", "--start", "2026-03-04T10:00:00Z").out
	contains(t, out, "production: 2026-03-04T10:00:00Z", "through at")
	contains(t, w.expect(Failed, "timeline", "checkout/production/ap-1").errors, "checkout/production/ap-1: the ledger knows no such release")
}
