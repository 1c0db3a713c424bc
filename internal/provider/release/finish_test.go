package release

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// TestTheWarningSaysWhenARolloutIsThrough walks the windows of a ledger.
func TestTheWarningSaysWhenARolloutIsThrough(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	spec := engine.Spec{
		Service: "checkout", Environment: engine.Environment{Name: "production", Tier: "production"}, Payload: payload("1.1.0", "a"),
		Strategy: strategy.Definition{Name: "careful", Bake: field.Duration(time.Hour), Canary: &strategy.Canary{Steps: []strategy.CanaryStep{
			{Weight: 10, AtLeast: field.Duration(time.Hour)}, {Weight: 50, AtLeast: field.Duration(time.Hour)}, {Weight: 100},
		}}},
	}
	f := engine.Forecast{StartAt: noon, CanStart: true, Takes: 3 * time.Hour}
	freeze := func(change func(*calendar.Window)) calendar.Window {
		w := calendar.Window{Name: "audit", Kind: calendar.Freeze, TimeZone: "UTC", Reason: "quiet please", Absolute: []calendar.Span{{StartsAt: "2026-11-30T12:30", EndsAt: "2026-11-30T18:00"}}}
		change(&w)
		return w
	}
	with := func(change func(*engine.Forecast)) engine.Forecast {
		out := f
		change(&out)
		return out
	}
	cases := map[string]struct {
		f       engine.Forecast
		windows []calendar.Window
		want    []string
	}{
		"no window": {f, nil, []string{"Through at 2026-11-30 15:00Z at the earliest, by the strategy's plan."}},
		"a short one": {with(func(f *engine.Forecast) {
			f.StartAt, f.Takes = noon.Add(41*time.Second+time.Millisecond), 4*time.Second
		}), nil,
			[]string{"Through at 2026-11-30 12:00:46Z at the earliest, by the strategy's plan."}},
		"a short one, in a zone": {with(func(f *engine.Forecast) { f.StartAt, f.Takes = noon.In(berlin), 4*time.Second }), nil,
			[]string{"Through at 2026-11-30 13:00:04 Europe/Berlin at the earliest, by the strategy's plan."}},
		"a long one, with seconds": {with(func(f *engine.Forecast) { f.StartAt = noon.Add(time.Second) }), nil,
			[]string{"Through at 2026-11-30 15:01Z at the earliest, by the strategy's plan."}},
		"later, in a zone": {with(func(f *engine.Forecast) { f.StartAt = noon.In(berlin) }), nil,
			[]string{"Through at 2026-11-30 16:00 Europe/Berlin at the earliest, by the strategy's plan."}},
		"interrupted": {f, []calendar.Window{freeze(func(*calendar.Window) {})}, []string{
			"Through at 2026-11-30 20:00Z at the earliest, by the strategy's plan.",
			`Interrupted: step 2 waits from 2026-11-30 13:00Z until 2026-11-30 18:00Z for freeze "audit": quiet please; the new version keeps its share of the traffic meanwhile.`,
		}},
		"overrun":        {f, []calendar.Window{freeze(func(w *calendar.Window) { w.Overrun = true })}, []string{"Through at 2026-11-30 15:00Z at the earliest, by the strategy's plan."}},
		"another's":      {f, []calendar.Window{freeze(func(w *calendar.Window) { w.Scope.Tiers = []string{"staging"} })}, []string{"Through at 2026-11-30 15:00Z at the earliest, by the strategy's plan."}},
		"never again":    {f, []calendar.Window{freeze(func(w *calendar.Window) { w.Absolute[0].EndsAt = "2199-12-31" })}, []string{`It would not get through: before step 2 freeze "audit": quiet please, and for at least ten years.`}},
		"nothing serves": {with(func(f *engine.Forecast) { f.Takes = time.Hour }), nil, []string{"Through at 2026-11-30 13:00Z at the earliest, by the strategy's plan."}},
		"overridden": {with(func(f *engine.Forecast) {
			f.Gates = []gate.Result{{Gate: "window", Status: gate.Pass, Override: "kim"}}
		}), []calendar.Window{freeze(func(*calendar.Window) {})}, []string{
			"Through at 2026-11-30 20:00Z at the earliest, by the strategy's plan.",
			`Interrupted: step 2 waits from 2026-11-30 13:00Z until 2026-11-30 18:00Z for freeze "audit" until 2026-11-30 18:00 UTC: quiet please; the new version keeps its share of the traffic meanwhile.`,
		}},
		"nobody can tell":    {with(func(f *engine.Forecast) { f.StartAt = time.Time{} }), nil, nil},
		"not ready":          {with(func(f *engine.Forecast) { f.Obstacles = []target.Obstacle{{What: "x"}} }), nil, nil},
		"no time to foresee": {with(func(f *engine.Forecast) { f.Takes = 0 }), nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := mem.New(noon)
			for _, w := range c.windows {
				content, err := json.Marshal(w)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: window.ObjectKind, Name: w.Name, Content: content, Actor: "ci@acme", At: noon}); err != nil {
					t.Fatal(err)
				}
			}
			got := finishLines(t.Context(), &engine.Engine{Ledger: l}, spec, c.f)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	warm, waved := spec, spec
	warm.Policy.KeepWarm = field.Duration(4 * time.Hour)
	waved.Targets = []engine.TargetSpec{{Name: "eu-1"}, {Name: "us-1"}}
	for want, c := range map[string]struct {
		spec  engine.Spec
		takes time.Duration
	}{"18:00Z": {warm, 6 * time.Hour}, "19:30Z": {waved, 7*time.Hour + 30*time.Minute}} {
		g := with(func(f *engine.Forecast) { f.Takes = c.takes })
		got := finishLines(t.Context(), &engine.Engine{Ledger: mem.New(noon)}, c.spec, g)
		if len(got) != 1 || !strings.HasPrefix(got[0], "Through at 2026-11-30 "+want) {
			t.Errorf("want %s: %q", want, got)
		}
	}
	watching := spec
	watching.Mode = engine.Observe
	if got := finishLines(t.Context(), &engine.Engine{Ledger: mem.New(noon)}, watching, f); got != nil {
		t.Errorf("in mode observe it says %q", got)
	}
	// A window that cannot be read is the gate's to tell.
	l := mem.New(noon)
	if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: window.ObjectKind, Name: "new", Content: json.RawMessage(`{"moon":"full"}`), Actor: "ci@acme", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := finishLines(t.Context(), &engine.Engine{Ledger: l}, spec, f); got != nil {
		t.Errorf("windows that cannot be read give %q", got)
	}
	if got := forecastBody(f, "Through at noon."); !strings.Contains(got, "  Through at noon.\n  About 180 min") {
		t.Errorf("the body:\n%s", got)
	}
}
