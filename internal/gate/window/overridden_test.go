package window_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var digest = "sha256:" + strings.Repeat("a", 64)

// carrying is the subject with a payload.
func carrying(configuration string) gate.Subject {
	s := subject
	s.Payload = artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0", Reference: "registry.example/checkout@" + digest}, ConfigurationDigest: configuration}
	return s
}

func mend(change func(*override.Override)) override.Override {
	o := override.Override{
		Service: "checkout", Environment: "production", Digest: digest, Window: "black-friday",
		Reason: "checkout\nis down", By: "kim@acme", At: noon.Add(-time.Hour), Expires: noon.Add(time.Hour),
	}
	if change != nil {
		change(&o)
	}
	return o
}

func TestAnOverrideLetsItsPayloadThrough(t *testing.T) {
	audit := with(func(w *calendar.Window) { w.Name = "audit" })
	restricted := func(patterns ...string) calendar.Window {
		return with(func(w *calendar.Window) { w.OverrideBy = append([]string{}, patterns...) })
	}
	until := time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC)
	const (
		frozen = `freeze "black-friday" until 2026-11-30 22:00 Europe/Berlin: peak trade (retail-ops)`
		wait   = "apply again from 2026-11-30 22:00 Europe/Berlin on, or change the declared windows"
		held   = `kim@acme overrode window "black-friday" until 2026-11-27 12:00Z: checkout is down`
	)
	command := func(digest string, names ...string) string {
		return "\n" + window.Command(release.Key{Service: "checkout", Environment: "production"}, digest, names...)
	}
	pass := gate.Result{Status: gate.Pass, Reason: "OVERRIDDEN: " + frozen + "; " + held, Override: held}
	refusal := gate.Result{Status: gate.Fail, Reason: frozen, NextAt: until, Remedy: wait + "; or, if it cannot wait:" + command(digest, "black-friday")}
	closed := func(remedy string) gate.Result {
		r := refusal
		r.Remedy = wait + remedy
		return r
	}
	void := func(r gate.Result, why string) gate.Result {
		r.Reason += `; the override of window "black-friday" by kim@acme does not count: ` + why
		return r
	}
	configuration := "sha256:" + strings.Repeat("b", 64)
	for name, c := range map[string]struct {
		windows   []calendar.Window
		overrides []override.Override
		subject   gate.Subject
		at        time.Time
		want      gate.Result
	}{
		"nobody overrode it": {want: refusal},
		"it does":            {overrides: []override.Override{mend(nil)}, want: pass},
		"it has ended":       {overrides: []override.Override{mend(nil)}, at: noon.Add(time.Hour), want: void(refusal, "it ended at 2026-11-27 12:00Z")},
		"another digest":     {overrides: []override.Override{mend(func(o *override.Override) { o.Digest = configuration })}, want: void(refusal, "it is for bbbbbbbbbbbb, and this is aaaaaaaaaaaa")},
		"another window":     {overrides: []override.Override{mend(func(o *override.Override) { o.Window = "audit" })}, want: refusal},
		"another release":    {overrides: []override.Override{mend(func(o *override.Override) { o.Environment = "staging" })}, want: refusal},
		"another configuration": {overrides: []override.Override{mend(nil)}, subject: carrying(configuration),
			want: void(closed("; or, if it cannot wait:"+command(digest+"+"+configuration, "black-friday")), "it is for aaaaaaaaaaaa, and this is aaaaaaaaaaaa+bbbbbbbbbbbb")},
		"its configuration": {overrides: []override.Override{mend(func(o *override.Override) { o.Digest += "+" + configuration })}, subject: carrying(configuration), want: pass},
		"somebody may": {windows: []calendar.Window{restricted("*@sre", "lee@acme")}, overrides: []override.Override{mend(nil)},
			want: void(closed(`; who may override window "black-friday": *@sre, lee@acme; or, if it cannot wait:`+command(digest, "black-friday")), "its author is not in override_by")},
		"its author may": {windows: []calendar.Window{restricted("kim@*")}, overrides: []override.Override{mend(nil)}, want: pass},
		"nobody may":     {windows: []calendar.Window{restricted()}, overrides: []override.Override{mend(nil)}, want: void(closed(`; nobody may override window "black-friday"`), "its author is not in override_by")},
		"two freezes": {windows: []calendar.Window{audit, blackFriday()},
			want: gate.Result{Status: gate.Fail, NextAt: until, Reason: `freeze "audit", "black-friday" until 2026-11-30 22:00 Europe/Berlin: peak trade (retail-ops)`,
				Remedy: wait + "; or, if it cannot wait:" + command(digest, "audit", "black-friday")}},
		"one of two freezes": {windows: []calendar.Window{audit, blackFriday()}, overrides: []override.Override{mend(nil)},
			want: gate.Result{Status: gate.Fail, NextAt: until, Reason: strings.Replace(frozen, "black-friday", "audit", 1),
				Remedy: wait + "; or, if it cannot wait:" + command(digest, "audit")}},
		"the freeze, and outside an allow": {windows: []calendar.Window{office(), blackFriday()}, overrides: []override.Override{mend(func(o *override.Override) { o.Expires = noon.Add(20 * time.Hour) })},
			at: noon.Add(8 * time.Hour), want: gate.Result{Status: gate.Fail, NextAt: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC),
				Reason: `outside allow "office" until 2026-12-01 09:00 Europe/Berlin`,
				Remedy: "apply again from 2026-12-01 09:00 Europe/Berlin on, or change the declared windows; or, if it cannot wait:" + command(digest, "office")}},
		"outside an allow": {windows: []calendar.Window{office()}, at: noon.Add(8 * time.Hour),
			overrides: []override.Override{mend(func(o *override.Override) { o.Window, o.Expires = "office", noon.Add(9*time.Hour) })},
			want: gate.Result{Status: gate.Pass, Override: `kim@acme overrode window "office" until 2026-11-27 20:00Z: checkout is down`,
				Reason: `OVERRIDDEN: outside allow "office" until 2026-11-30 09:00 Europe/Berlin; kim@acme overrode window "office" until 2026-11-27 20:00Z: checkout is down`}},
		"no payload": {subject: subject, overrides: []override.Override{mend(nil)}, want: closed("")},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, l := context.Background(), mem.New(noon)
			if c.windows == nil {
				c.windows = []calendar.Window{blackFriday()}
			}
			declare(t, l, c.windows...)
			for _, o := range c.overrides {
				if err := override.Record(ctx, l, o); err != nil {
					t.Fatal(err)
				}
			}
			if c.subject.Service == "" {
				c.subject = carrying("")
			}
			if c.at.IsZero() {
				c.at = noon
			}
			got := window.New(l).Check(ctx, c.subject, c.at)
			c.want.Gate, c.want.NextAt, got.NextAt = "window", c.want.NextAt.UTC(), got.NextAt.UTC()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the gate's answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnOverrideThatCannotBeReadIsUnknown(t *testing.T) {
	ctx, l := context.Background(), mem.New(noon)
	declare(t, l, blackFriday())
	if _, err := ledger.PutObject(ctx, l, ledger.Put{Kind: override.ObjectKind, Name: "checkout/production", Content: json.RawMessage(`{"moon":1}`), Actor: "x", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := window.New(l).Check(ctx, carrying(""), noon); got.Status != gate.Unknown || !strings.Contains(got.Reason, "moon") || got.Remedy == "" {
		t.Errorf("%+v", got)
	}
	// Where the windows are open nobody asks.
	if got := window.New(l).Check(ctx, carrying(""), noon.AddDate(0, 1, 0)); got.Status != gate.Pass {
		t.Errorf("%+v", got)
	}
}

func TestTheCommandIsOneForTheShell(t *testing.T) {
	got := window.Command(release.Key{Service: "check out", Environment: "production"}, digest, "quarter's end", "$(reboot)", "plain-1")
	want := `sluice override 'check out/production' --digest ` + digest + ` --window 'quarter'\''s end' --window '$(reboot)' --window plain-1 --reason "..." --expires 2h`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
