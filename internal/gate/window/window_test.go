package window_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var (
	noon    = time.Date(2026, 11, 27, 11, 0, 0, 0, time.UTC)
	subject = gate.Subject{Service: "checkout", Environment: "production", Tier: "production", Team: "payments", Labels: map[string]string{"team": "web"}}
)

// blackFriday is on from 26 November until 30 November, 22:00 in Berlin.
func blackFriday() calendar.Window {
	return calendar.Window{
		Name: "black-friday", Kind: calendar.Freeze, TimeZone: "Europe/Berlin",
		Reason: "peak trade", Owner: "retail-ops",
		Absolute: []calendar.Span{{StartsAt: "2026-11-26T00:00", EndsAt: "2026-11-30T22:00"}},
	}
}

// office lets changes happen on weekdays only.
func office() calendar.Window {
	return calendar.Window{
		Name: "office", Kind: calendar.Allow, TimeZone: "Europe/Berlin",
		Weekly: []calendar.Weekly{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "17:00"}},
	}
}

func with(change func(*calendar.Window)) calendar.Window {
	w := blackFriday()
	change(&w)
	return w
}

func declare(t *testing.T, l ledger.Ledger, windows ...calendar.Window) {
	t.Helper()
	for _, w := range windows {
		content, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		put(t, l, w.Name, content)
	}
}

func put(t *testing.T, l ledger.Ledger, name string, content json.RawMessage) {
	t.Helper()
	if _, err := ledger.PutObject(context.Background(), l, ledger.Put{
		Kind: window.ObjectKind, Name: name, Content: content, Actor: "ci@acme", At: noon,
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	until := time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC)
	started := func(at time.Time) gate.Subject { s := subject; s.Started = at; return s }
	regional := func(regions ...string) gate.Subject { s := subject; s.Regions = regions; return s }
	overrun := with(func(w *calendar.Window) { w.Overrun = true })
	const frozen = `freeze "black-friday" until 2026-11-30 22:00 Europe/Berlin: peak trade (retail-ops)`
	const remedy = "apply again from 2026-11-30 22:00 Europe/Berlin on, or change the declared windows"

	cases := []struct {
		name    string
		windows []calendar.Window
		subject gate.Subject
		at      time.Time
		want    gate.Result
	}{
		{name: "no window at all", subject: subject, at: noon,
			want: gate.Result{Status: gate.Pass, Reason: "no window in scope forbids changes"}},
		{name: "inside a freeze", windows: []calendar.Window{blackFriday()}, subject: subject, at: noon,
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "the first instant after it", windows: []calendar.Window{blackFriday()}, subject: subject, at: until,
			want: gate.Result{Status: gate.Pass, Reason: "no window in scope forbids changes"}},
		{name: "before it says until when", windows: []calendar.Window{blackFriday()}, subject: subject, at: noon.AddDate(0, 0, -7),
			want: gate.Result{Status: gate.Pass, Reason: "no window in scope forbids changes until 2026-11-25 23:00 UTC"}},
		{name: "another environment's freeze", subject: subject, at: noon,
			windows: []calendar.Window{with(func(w *calendar.Window) { w.Scope.Environments = []string{"staging"} })},
			want:    gate.Result{Status: gate.Pass, Reason: "no window in scope forbids changes"}},
		{name: "a freeze by tier, service and label", subject: subject, at: noon,
			windows: []calendar.Window{with(func(w *calendar.Window) {
				w.Scope = calendar.Scope{Tiers: []string{"production"}, Services: []string{"checkout"}, Labels: map[string]string{"team": "web"}}
			})},
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "a freeze by region, and another region's", subject: regional("eu-central-1", "us-east-1"), at: noon,
			windows: []calendar.Window{
				with(func(w *calendar.Window) { w.Scope.Regions = []string{"us-east-1"} }),
				with(func(w *calendar.Window) { w.Name, w.Scope.Regions = "asia", []string{"ap-south-1"} }),
			},
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "a freeze by team", subject: subject, at: noon,
			windows: []calendar.Window{with(func(w *calendar.Window) { w.Scope.Teams = []string{"payments"} })},
			want:    gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "another team's freeze", subject: subject, at: noon,
			windows: []calendar.Window{with(func(w *calendar.Window) { w.Scope.Teams = []string{"search"} })},
			want:    gate.Result{Status: gate.Pass, Reason: "no window in scope forbids changes"}},
		{name: "without words of its own", subject: subject, at: noon,
			windows: []calendar.Window{with(func(w *calendar.Window) { w.Reason, w.Owner = "", "" })},
			want:    gate.Result{Status: gate.Fail, Reason: `freeze "black-friday" until 2026-11-30 22:00 Europe/Berlin`, Remedy: remedy, NextAt: until}},
		{name: "inside an allow", windows: []calendar.Window{office()}, subject: subject, at: noon,
			want: gate.Result{Status: gate.Pass, Reason: `inside allow "office" until 2026-11-27 17:00 Europe/Berlin`}},
		{name: "outside an allow", windows: []calendar.Window{office()}, subject: subject, at: noon.AddDate(0, 0, 1),
			want: gate.Result{Status: gate.Fail, Reason: `outside allow "office" until 2026-11-30 09:00 Europe/Berlin`,
				Remedy: "apply again from 2026-11-30 09:00 Europe/Berlin on, or change the declared windows",
				NextAt: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)}},
		{name: "never opens again", subject: subject, at: noon.AddDate(1, 0, 0),
			windows: []calendar.Window{with(func(w *calendar.Window) { w.Kind = calendar.Allow })},
			want: gate.Result{Status: gate.Fail, Reason: `outside allow "black-friday": peak trade (retail-ops)`,
				Remedy: "nothing opens it within ten years; change the declared windows"}},
		{name: "overrun lets a running rollout go on", windows: []calendar.Window{overrun}, subject: started(noon.AddDate(0, 0, -3)), at: noon,
			want: gate.Result{Status: gate.Pass, Reason: frozen + "; the rollout began at 2026-11-24 11:00 UTC, while changes were open, and may go on"}},
		{name: "overrun does not let a new one begin", windows: []calendar.Window{overrun}, subject: subject, at: noon,
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "a start that lies ahead is no start", windows: []calendar.Window{overrun}, subject: started(noon.AddDate(0, 0, 1)), at: noon,
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "a running rollout stops without overrun", windows: []calendar.Window{blackFriday()}, subject: started(noon.AddDate(0, 0, -3)), at: noon,
			want: gate.Result{Status: gate.Fail, Reason: frozen, Remedy: remedy, NextAt: until}},
		{name: "an instant that no window can be asked for", windows: []calendar.Window{blackFriday()}, subject: subject, at: time.Time{},
			want: gate.Result{Status: gate.Unknown, Reason: "0001-01-01T00:00:00Z: " + calendar.ErrInstant.Error(), Remedy: "correct the declared windows, and apply again"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := mem.New(noon)
			declare(t, l, c.windows...)
			got := window.New(l).Check(context.Background(), c.subject, c.at)
			c.want.Gate, c.want.NextAt, got.NextAt = "window", c.want.NextAt.UTC(), got.NextAt.UTC()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the gate's answer (-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be read closes, whatever its scope would have been.
func TestCheckUnknown(t *testing.T) {
	broken := errors.New("disk on fire")
	cases := []struct {
		name    string
		prepare func(*testing.T, *mem.Ledger)
		want    []string
	}{
		{"a window of a newer version", func(t *testing.T, l *mem.Ledger) {
			put(t, l, "new", json.RawMessage(`{"name":"new","kind":"freeze","time_zone":"UTC","moon":"full"}`))
		}, []string{`the declared window "new" (revision 1)`, "moon"}},
		{"a window that does not validate", func(t *testing.T, l *mem.Ledger) {
			declare(t, l, with(func(w *calendar.Window) { w.TimeZone = "Mars/Olympus" }))
		}, []string{`"black-friday"`, "Mars/Olympus"}},
		{"a ledger that fails", func(_ *testing.T, l *mem.Ledger) {
			l.Fault = func(op string, _ mem.Phase) error {
				if op == "heads" {
					return broken
				}
				return nil
			}
		}, []string{"unable to read the declared windows", broken.Error()}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := mem.New(noon)
			c.prepare(t, l)
			got := window.New(l).Check(context.Background(), subject, noon)
			if got.Status != gate.Unknown || got.Remedy == "" || !got.NextAt.IsZero() {
				t.Errorf("status %q, remedy %q, next %s; want unknown, a remedy, and no time", got.Status, got.Remedy, got.NextAt)
			}
			for _, want := range c.want {
				if !strings.Contains(got.Reason, want) {
					t.Errorf("the reason %q does not say %q", got.Reason, want)
				}
			}
		})
	}
}

// A window that was taken away, or declared later, counts from the next question.
func TestCheckReadsAnew(t *testing.T) {
	l := mem.New(noon)
	g := window.New(l)
	ctx := context.Background()
	if got := g.Check(ctx, subject, noon).Status; got != gate.Pass {
		t.Fatalf("before the freeze: %s", got)
	}
	declare(t, l, blackFriday())
	if got := g.Check(ctx, subject, noon).Status; got != gate.Fail {
		t.Fatalf("after the freeze was declared: %s", got)
	}
	if err := ledger.DeleteObject(ctx, l, ledger.Delete{Kind: window.ObjectKind, Name: "black-friday", Expected: 1, Actor: "kim@acme", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := g.Check(ctx, subject, noon).Status; got != gate.Pass {
		t.Fatalf("after it was taken away: %s", got)
	}
}

func declareService(t *testing.T, l ledger.Ledger, content string) {
	t.Helper()
	if _, err := ledger.PutObject(context.Background(), l, ledger.Put{
		Kind: release.ServiceKind, Name: "checkout", Content: json.RawMessage(content), Actor: "ci@acme", At: noon,
	}); err != nil {
		t.Fatal(err)
	}
}

// A central team's window holds for a release that says nothing of its owner, once
// the ledger knows the service; what the release says goes before.
func TestCheckAsksTheLedgerWhoOwnsTheService(t *testing.T) {
	team := with(func(w *calendar.Window) { w.Scope.Teams = []string{"payments"} })
	label := with(func(w *calendar.Window) { w.Scope.Labels = map[string]string{"pci": "yes", "team": "web"} })
	nobody := gate.Subject{Service: "checkout", Environment: "production", Labels: map[string]string{"team": "web"}}
	other := nobody
	other.Team = "search"
	const declared = `{"name":"checkout","team":"payments","labels":{"pci":"yes","team":"mobile"}}`
	for name, tc := range map[string]struct {
		window  calendar.Window
		service string
		subject gate.Subject
		want    gate.Status
	}{
		"not declared":                  {team, "", nobody, gate.Pass},
		"the team's":                    {team, declared, nobody, gate.Fail},
		"a label's, and the release's":  {label, declared, nobody, gate.Fail},
		"the release says another team": {team, declared, other, gate.Pass},
		"nothing said of the team":      {team, `{"name":"checkout"}`, nobody, gate.Pass},
		"of a newer version":            {team, `{"name":"checkout","squad":"payments"}`, nobody, gate.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			l := mem.New(noon)
			declare(t, l, tc.window)
			if tc.service != "" {
				declareService(t, l, tc.service)
			}
			got := window.New(l).Check(context.Background(), tc.subject, noon)
			if got.Status != tc.want {
				t.Errorf("%s: %s; want %s", got.Status, got.Reason, tc.want)
			}
			if tc.want == gate.Unknown && !strings.Contains(got.Reason, `the declared service "checkout"`) {
				t.Errorf("the reason %q does not name the service", got.Reason)
			}
			if len(nobody.Labels) != 1 {
				t.Errorf("the release's labels became %v", nobody.Labels)
			}
		})
	}
}
