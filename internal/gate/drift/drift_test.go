package drift_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	checks "github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var (
	now  = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	key  = release.Key{Service: "checkout", Environment: "production"}
	cart = release.Key{Service: "cart", Environment: "production"}
)

func payload(hex string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: hex, Reference: "registry.example/x@sha256:" + strings.Repeat(hex, 64)}}
}

// declared is a ledger with a check of each release given, in one scope, and
// artifact "a" serving as checkout.
func declared(t *testing.T, scope checks.Scope, keys ...release.Key) ledger.Ledger {
	t.Helper()
	l := mem.New(now)
	for _, k := range keys {
		content, err := json.Marshal(checks.Check{Name: checks.NameOf(k), Release: k, Blocks: scope})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: checks.ObjectKind, Name: checks.NameOf(k), Content: content, Actor: "ci", At: now}); err != nil {
			t.Fatal(err)
		}
	}
	body, err := json.Marshal(release.AdoptedBody{
		Spec:  release.Spec{Format: 1, Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: payload("a")},
		Owner: release.Owner{ID: "x", Label: "ci"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), key.Stream(), 0, ledger.Entry{ID: "r", Kind: release.KindAdopted, At: now, Actor: "ci", Body: body}); err != nil {
		t.Fatal(err)
	}
	return l
}

// says answers every look with a report.
func says(r checks.Report, err error) drift.Look {
	return func(_ context.Context, check checks.Check, _ time.Time) (checks.Report, error) {
		r.Key = check.Release
		return r, err
	}
}

func TestCheck(t *testing.T) {
	drifted := checks.Report{Status: checks.StatusDrifted, Severity: checks.SeverityMedium, Differences: []checks.Finding{
		{Difference: checks.Difference{Path: "baseline.weight"}, Severity: checks.SeverityMedium}, {Difference: checks.Difference{Path: "flags"}, Severity: checks.SeverityLow},
	}}
	low, blind, moving, unborn, beside := drifted, drifted, drifted, drifted, drifted
	beside.Moving = true
	low.Severity = checks.SeverityLow
	blind.Status, blind.Reason = checks.StatusUnknown, "it is away"
	moving.Status, moving.Moving = checks.StatusUnknown, true
	unborn.Status, unborn.Unborn = checks.StatusUnknown, true
	next := gate.Subject{Service: "checkout", Environment: "production", Payload: payload("b")}
	same, other, elsewhere, within := next, next, next, next
	same.Payload = payload("a")
	other.Service, elsewhere.Environment, within.Started = "search", "staging", now

	cases := []struct {
		name    string
		scope   checks.Scope
		look    drift.Look
		subject gate.Subject
		want    gate.Status
		reason  string
	}{
		{"nobody asked for it", checks.BlocksNothing, says(drifted, nil), next, gate.Pass, ""},
		{"clean", checks.BlocksRelease, says(checks.Report{Status: checks.StatusClean}, nil), next, gate.Pass, ""},
		{"drifted", checks.BlocksRelease, says(drifted, nil), next, gate.Fail, "checkout/production has drifted in 2 places: baseline.weight"},
		{"drifted, of low severity", checks.BlocksRelease, says(low, nil), next, gate.Pass, ""},
		{"nobody can tell", checks.BlocksRelease, says(blind, nil), next, gate.Unknown, "it is away"},
		{"the ledger is broken", checks.BlocksRelease, says(checks.Report{}, errors.New("a gap")), next, gate.Unknown, "a gap"},
		{"nobody can look", checks.BlocksRelease, nil, next, gate.Unknown, "this process cannot look"},
		{"a rollout moves it", checks.BlocksRelease, says(moving, nil), next, gate.Pass, ""},
		{"what no rollout moves has drifted", checks.BlocksEnvironment, says(beside, nil), other, gate.Fail, "has drifted in 2 places, beside the rollout that is open: baseline.weight"},
		{"nothing was released yet", checks.BlocksRelease, says(unborn, nil), next, gate.Pass, ""},
		{"another service", checks.BlocksRelease, says(drifted, nil), other, gate.Pass, ""},
		{"another service of the environment", checks.BlocksEnvironment, says(drifted, nil), other, gate.Fail, "cart/production has drifted in 2 places: baseline.weight; checkout/production"},
		{"another environment", checks.BlocksEnvironment, says(drifted, nil), elsewhere, gate.Pass, ""},
		{"what mends it", checks.BlocksEnvironment, says(drifted, nil), same, gate.Pass, ""},
		{"within a rollout", checks.BlocksEnvironment, says(drifted, nil), within, gate.Pass, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := drift.New(declared(t, c.scope, key, cart), c.look).Check(t.Context(), c.subject, now)
			if got.Gate != "drift" || got.Status != c.want || !strings.Contains(got.Reason, c.reason) || (c.want != gate.Pass) != (got.Remedy != "") {
				t.Errorf("%+v; want %s with %q", got, c.want, c.reason)
			}
		})
	}
}

func TestACheckThatCannotBeReadBlocks(t *testing.T) {
	l := mem.New(now)
	put := ledger.Put{Kind: checks.ObjectKind, Name: "x@y", Content: json.RawMessage(`{"name":"x@y","of":"a newer version"}`), Actor: "ci", At: now}
	if _, err := ledger.PutObject(t.Context(), l, put); err != nil {
		t.Fatal(err)
	}
	if got := drift.New(l, nil).Check(t.Context(), gate.Subject{Service: "a", Environment: "b"}, now); got.Status != gate.Unknown || got.Reason == "" {
		t.Errorf("%+v", got)
	}
}
