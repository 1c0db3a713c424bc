package dependency_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	needs "github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var (
	now    = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	digest = "sha256:" + strings.Repeat("a", 64)
)

// subject is checkout, as a release without a definition asks.
func subject() gate.Subject {
	return gate.Subject{Service: "checkout", Environment: "production", Payload: artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0", Reference: "registry.example/checkout@" + digest}}}
}

// put declares objects, each under its name.
func put(t *testing.T, l ledger.Ledger, kind string, objects ...any) {
	t.Helper()
	for _, o := range objects {
		content, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var named struct{ Name string }
		if err := json.Unmarshal(content, &named); err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: kind, Name: named.Name, Content: content, Actor: "ci", At: now}); err != nil {
			t.Fatal(err)
		}
	}
}

func service(name string, services, external []string) release.Service {
	return release.Service{Name: name, Dependencies: services, ExternalDependencies: external}
}

func probe(name string, when ...needs.Phase) needs.Check {
	return needs.Check{Check: check.Check{Name: name, URL: "https://psp.example/" + name}, When: when}
}

// third is a dependency with checks; maintained is in maintenance from 14:00 to 16:00
// UTC as well.
func third(name string, checks ...needs.Check) needs.External {
	return needs.External{Name: name, Team: "payments", Contact: "desk@example.com", Checks: checks}
}

func maintained(e needs.External, change func(*needs.Maintenance)) needs.External {
	e.Maintenance = &needs.Maintenance{TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-11-27T14:00", EndsAt: "2026-11-27T16:00"}}}
	if change != nil {
		change(e.Maintenance)
	}
	return e
}

// prober answers checks by their name, and remembers which were asked.
type prober struct {
	mu    sync.Mutex
	says  map[string]check.Result
	asked []string
}

func (p *prober) Run(_ context.Context, c check.Check) check.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, c.Name)
	if r, ok := p.says[c.Name]; ok {
		r.Name = c.Name
		return r
	}
	return check.Result{Name: c.Name, Status: check.Pass, Reason: "status 200 in 3ms"}
}

const command = `or, if it cannot wait:` + "\nsluice override checkout/production --digest DIGEST --window dependency:psp --reason \"...\" --expires 2h"

func TestCheck(t *testing.T) {
	down := map[string]check.Result{"status": {Status: check.Fail, Reason: "status 503; expected 200 to 299"}}
	away := map[string]check.Result{"status": {Status: check.Unknown, Reason: "no whole answer within 5s"}}
	needsPSP := []any{service("checkout", nil, []string{"psp"})}
	until := time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)
	const freeze = `freeze "dependency:psp" until 2026-11-27 16:00 UTC: maintenance of psp (payments, desk@example.com)`
	const wait = "apply again from 2026-11-27 16:00 UTC on, or change the declared windows; " + command
	const declare = "declare it, with sluice_external_dependency or sluice_service, or name it no longer; where the same apply declares it, nothing is to be done"
	for name, c := range map[string]struct {
		services, externals []any
		says                map[string]check.Result
		started             bool
		want                gate.Result
		asked               []string
	}{
		"nobody declares the service": {externals: []any{third("psp", probe("status"))}, want: gate.Result{Status: gate.Pass}},
		"it needs nothing":            {services: []any{service("checkout", nil, nil)}, externals: []any{third("psp", probe("status"))}, want: gate.Result{Status: gate.Pass}},
		"all is well":                 {services: needsPSP, externals: []any{third("psp", probe("status"))}, want: gate.Result{Status: gate.Pass}, asked: []string{"status"}},
		"nothing to ask":              {services: needsPSP, externals: []any{third("psp")}, want: gate.Result{Status: gate.Pass}},
		"in maintenance": {services: needsPSP, externals: []any{maintained(third("psp", probe("status")), nil)},
			want: gate.Result{Status: gate.Fail, Reason: freeze, NextAt: until, Remedy: wait}},
		"in maintenance, through another": {services: []any{service("checkout", []string{"payments"}, nil), service("payments", []string{"checkout"}, []string{"psp"})}, externals: []any{maintained(third("psp"), nil)},
			want: gate.Result{Status: gate.Fail, Reason: freeze + "; checkout needs it through payments", NextAt: until, Remedy: wait}},
		"a maintenance that what began may outlast": {services: needsPSP, externals: []any{maintained(third("psp", probe("status")), func(m *needs.Maintenance) { m.Overrun = true })}, started: true,
			want: gate.Result{Status: gate.Pass, Reason: freeze + "; the rollout began at 2026-11-27 13:03 UTC, while changes were open, and may go on"}, asked: []string{"status"}},
		"in maintenance of something else": {services: needsPSP, externals: []any{third("psp"), maintained(third("sms"), nil)}, want: gate.Result{Status: gate.Pass}},
		"it fails": {services: needsPSP, externals: []any{third("psp", probe("status"))}, says: down, asked: []string{"status"},
			want: gate.Result{Status: gate.Fail, Reason: `check "status" of psp fails: status 503; expected 200 to 299 (payments, desk@example.com)`, Remedy: "ask payments, desk@example.com; apply again once it is well; " + command}},
		"it cannot be asked": {services: needsPSP, externals: []any{third("psp", probe("status"))}, says: away, asked: []string{"status"},
			want: gate.Result{Status: gate.Unknown, Reason: `check "status" of psp could not be asked: no whole answer within 5s (payments, desk@example.com)`, Remedy: "ask payments, desk@example.com; apply again once it is well; " + command}},
		"a fail outweighs": {services: needsPSP, externals: []any{third("psp", probe("other"), probe("status"))}, says: map[string]check.Result{"other": {Status: check.Unknown, Reason: "no route"}, "status": {Status: check.Fail, Reason: "status 500"}},
			want: gate.Result{Status: gate.Fail, Reason: `check "other" of psp could not be asked: no route (payments, desk@example.com); check "status" of psp fails: status 500 (payments, desk@example.com)`,
				Remedy: "ask payments, desk@example.com; apply again once it is well; " + command}},
		"asked before alone": {services: needsPSP, externals: []any{third("psp", probe("status", needs.Before), probe("load", needs.During), probe("books", needs.After))}, asked: []string{"status"}, want: gate.Result{Status: gate.Pass}},
		"asked during alone": {services: needsPSP, externals: []any{third("psp", probe("status", needs.Before), probe("load", needs.During), probe("books", needs.After))}, started: true, asked: []string{"load"}, want: gate.Result{Status: gate.Pass}},
		"named and not declared": {services: needsPSP,
			want: gate.Result{Status: gate.Unknown, Reason: `the external dependency "psp", which checkout names, is not declared`, Remedy: declare}},
		"not declared, beside a maintenance": {services: []any{service("checkout", nil, []string{"psp", "sms"})}, externals: []any{maintained(third("psp"), nil)},
			want: gate.Result{Status: gate.Fail, Reason: freeze + `; the external dependency "sms", which checkout names, is not declared`, Remedy: wait}},
		"a service of which nobody knows": {services: []any{service("checkout", []string{"search"}, nil)}, externals: []any{third("psp")},
			want: gate.Result{Status: gate.Unknown, Reason: `the service "search", which checkout names, is not declared, so nobody can tell what it needs`, Remedy: declare}},
		"a service of which nobody knows, and nothing to need": {services: []any{service("checkout", []string{"search"}, nil)}, want: gate.Result{Status: gate.Pass}},
		"an external one among the services": {services: []any{service("checkout", []string{"psp"}, nil)}, externals: []any{third("psp")},
			want: gate.Result{Status: gate.Unknown, Reason: `"psp", which checkout names among its dependencies, is an external dependency; name it in external_dependencies`, Remedy: declare}},
	} {
		t.Run(name, func(t *testing.T) {
			l := mem.New(now)
			put(t, l, release.ServiceKind, c.services...)
			put(t, l, needs.ObjectKind, c.externals...)
			p := &prober{says: c.says}
			s := subject()
			if c.started {
				s.Started = now.Add(-time.Hour)
			}
			c.want.Gate = "dependency"
			c.want.Remedy = strings.ReplaceAll(c.want.Remedy, "DIGEST", digest)
			got := dependency.New(l, p).Check(t.Context(), s, now)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.asked != nil && cmp.Diff(c.asked, p.asked) != "" || c.want.Status == gate.Fail && !c.want.NextAt.IsZero() && len(p.asked) > 0 {
				t.Errorf("asked %v, want %v", p.asked, c.asked)
			}
		})
	}
}

// The answer changes at the very instant at which the maintenance ends.
func TestTheInstantAtWhichAMaintenanceEnds(t *testing.T) {
	l := mem.New(now)
	put(t, l, release.ServiceKind, service("checkout", nil, []string{"psp"}))
	put(t, l, needs.ObjectKind, maintained(third("psp"), nil))
	end := time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]gate.Status{end.Add(-time.Second): gate.Fail, end: gate.Pass, end.Add(-2 * time.Hour): gate.Fail, end.Add(-2*time.Hour - time.Second): gate.Pass} {
		if got := dependency.New(l, nil).Check(t.Context(), subject(), at); got.Status != want {
			t.Errorf("at %s: %+v, want %s", at, got, want)
		}
	}
}

// A release that has frozen its service's definition is asked about by that.
func TestTheFrozenDefinitionIsWhatCounts(t *testing.T) {
	l := mem.New(now)
	put(t, l, needs.ObjectKind, maintained(third("psp"), nil))
	spec := release.Spec{Service: "checkout", Environment: release.Environment{Name: "production"}}
	definition := service("checkout", nil, []string{"psp"})
	spec.Definition = &definition
	if got := dependency.New(l, nil).Check(t.Context(), spec.Subject(), now); got.Status != gate.Fail {
		t.Errorf("%+v", got)
	}
}

// An override of the dependency lets its payload through a maintenance and past a
// check, loudly; another's, an old one or another payload's does not.
func TestAnOverrideOfADependency(t *testing.T) {
	down := map[string]check.Result{"status": {Status: check.Fail, Reason: "status 503"}}
	const held = `kim@acme overrode window "dependency:psp" until 2026-11-27 15:03Z: the fix is for this very outage`
	for name, c := range map[string]struct {
		external needs.External
		change   func(*override.Override)
		want     gate.Status
	}{
		"a check":            {external: third("psp", probe("status")), want: gate.Pass},
		"a maintenance":      {external: maintained(third("psp", probe("status")), nil), want: gate.Pass},
		"of another digest":  {external: third("psp", probe("status")), change: func(o *override.Override) { o.Digest = "sha256:" + strings.Repeat("b", 64) }, want: gate.Fail},
		"of another window":  {external: third("psp", probe("status")), change: func(o *override.Override) { o.Window = "psp" }, want: gate.Fail},
		"that has ended":     {external: third("psp", probe("status")), change: func(o *override.Override) { o.At, o.Expires = o.At.Add(-2*time.Hour), now }, want: gate.Fail},
		"by somebody else's": {external: func() needs.External { e := third("psp", probe("status")); e.OverrideBy = []string{"*@sre"}; return e }(), want: gate.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			l := mem.New(now)
			put(t, l, release.ServiceKind, service("checkout", nil, []string{"psp"}))
			put(t, l, needs.ObjectKind, c.external)
			o := override.Override{Service: "checkout", Environment: "production", Digest: digest, Window: "dependency:psp", Reason: "the fix is\nfor this very outage", By: "kim@acme", At: now.Add(-time.Hour), Expires: now.Add(time.Hour)}
			if c.change != nil {
				c.change(&o)
			}
			if err := override.Record(t.Context(), l, o); err != nil {
				t.Fatal(err)
			}
			got := dependency.New(l, &prober{says: down}).Check(t.Context(), subject(), now)
			if got.Status != c.want || (got.Override != "") != (c.want == gate.Pass) {
				t.Fatalf("%+v", got)
			}
			if c.want == gate.Pass && (got.Override != held || !strings.HasPrefix(got.Reason, "OVERRIDDEN: ") || !strings.Contains(got.Reason, held)) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What cannot be read is unknown, and never a pass.
func TestWhatCannotBeReadIsUnknown(t *testing.T) {
	odd := json.RawMessage(`{"name":"psp","only":"tuesdays"}`)
	for name, set := range map[string]func(t *testing.T, l *mem.Ledger){
		"the dependency": func(t *testing.T, l *mem.Ledger) { put(t, l, needs.ObjectKind, odd) },
		"the ledger": func(_ *testing.T, l *mem.Ledger) {
			l.Fault = func(string, mem.Phase) error { return errors.New("disk on fire") }
		},
		"the service": func(t *testing.T, l *mem.Ledger) {
			put(t, l, release.ServiceKind, json.RawMessage(`{"name":"payments","only":"tuesdays"}`))
		},
	} {
		l := mem.New(now)
		put(t, l, release.ServiceKind, service("checkout", []string{"payments"}, []string{"psp"}))
		set(t, l)
		g := dependency.New(l, &prober{})
		if got := g.Check(t.Context(), subject(), now); got.Status != gate.Unknown || got.Reason == "" || got.Remedy == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Nor is what nobody here can ask.
	l := mem.New(now)
	put(t, l, release.ServiceKind, service("checkout", nil, []string{"psp"}))
	put(t, l, needs.ObjectKind, third("psp", probe("status")))
	if got := dependency.New(l, nil).Check(t.Context(), subject(), now); got.Status != gate.Unknown || !strings.Contains(got.Reason, "this process cannot ask") {
		t.Errorf("without a runner: %+v", got)
	}
}

func TestAfter(t *testing.T) {
	l := mem.New(now)
	put(t, l, release.ServiceKind, service("checkout", nil, []string{"psp"}))
	put(t, l, needs.ObjectKind, maintained(third("psp", probe("status", needs.Before), probe("books", needs.After), probe("load")), nil))
	p := &prober{says: map[string]check.Result{"books": {Status: check.Unknown, Reason: "no route"}}}
	got := dependency.New(l, p).After(t.Context(), subject())
	want := []gate.Result{
		{Gate: "dependency", Status: gate.Unknown, Reason: `check "books" of psp could not be asked: no route (payments, desk@example.com)`},
		{Gate: "dependency", Status: gate.Pass, Reason: `check "load" of psp: status 200 in 3ms`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.Fault = func(string, mem.Phase) error { return errors.New("disk on fire") }
	if got := dependency.New(l, p).After(t.Context(), subject()); len(got) != 1 || got[0].Status != gate.Unknown {
		t.Errorf("%+v", got)
	}
}

// Only this gate is asked while a step lasts.
func TestItIsAskedWhileAStepLasts(t *testing.T) {
	g := dependency.New(mem.New(now), nil)
	if got := gate.WhileStanding([]gate.Gate{g, struct{ gate.Gate }{g}}); len(got) != 1 {
		t.Errorf("%d gates", len(got))
	}
}
