package drift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var (
	now = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	key = release.Key{Service: "checkout", Environment: "production"}
)

// history folds records of the kinds and bodies given.
func history(t testing.TB, records ...any) *release.History {
	t.Helper()
	l := mem.New(now)
	for i := 0; i < len(records); i += 2 {
		body, err := json.Marshal(records[i+1])
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(i / 2)
		if _, err := l.Append(context.Background(), key.Stream(), n, ledger.Entry{
			ID: fmt.Sprint("r", n), Kind: fmt.Sprint(records[i]), At: now, Actor: "ci@acme", Body: body,
		}); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := l.Read(context.Background(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := release.Fold(key, stream)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func spec(version, hex string) release.Spec {
	return release.Spec{
		Format: 1, Service: key.Service, Environment: release.Environment{Name: key.Environment},
		Payload: payload(version, hex), Strategy: strategy.Definition{AllAtOnce: &strategy.AllAtOnce{}},
	}
}

func adopted() []any {
	return []any{release.KindAdopted, release.AdoptedBody{Spec: spec("1.1.0", "a"), Owner: release.Owner{ID: "x", Label: "ci"}}}
}

func opened(version, hex string) []any {
	return []any{release.KindOpened, release.OpenedBody{Number: 1, Kind: release.Forward, Spec: spec(version, hex)}}
}

func closed(state release.State) []any {
	return []any{"rollout." + string(state), struct {
		release.MoveBody
		Rollout int `json:"rollout"`
	}{release.MoveBody{From: release.Completing}, 1}}
}

func join(parts ...[]any) []any {
	var all []any
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestExpectedOf(t *testing.T) {
	cases := []struct {
		name    string
		records []any
		want    drift.Expected
		ok      bool
	}{
		{"nothing yet", nil, drift.Expected{}, false},
		{"adopted", adopted(), drift.Expected{Payload: payload("1.1.0", "a"), Weight: 100}, true},
		{"a rollout is open", join(adopted(), opened("1.2.0", "b")), drift.Expected{}, false},
		{"a rollout succeeded", join(adopted(), opened("1.2.0", "b"), closed(release.Succeeded)), drift.Expected{Payload: payload("1.2.0", "b"), Weight: 100}, true},
		{"a rollout went back", join(adopted(), opened("1.2.0", "b"), closed(release.RolledBack)), drift.Expected{Payload: payload("1.1.0", "a"), Weight: 100}, true},
		{"the first rollout failed", join(opened("1.3.0", "d"), closed(release.Errored)), drift.Expected{}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := drift.ExpectedOf(history(t, c.records...))
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("expected %v (-want +got), %v:\n%s", c.ok, ok, diff)
			}
		})
	}
	if _, ok := drift.ExpectedOf(nil); ok {
		t.Error("no history at all gives an expectation")
	}
}

func TestAssess(t *testing.T) {
	old, other := payload("1.1.0", "a"), payload("1.2.0", "b")
	steady := history(t, adopted()...)
	clean := target.Observation{Known: true, Baseline: arm(old, 100)}
	moved := target.Observation{Known: true, Baseline: arm(old, 70), Canary: arm(other, 30)}
	dazed := target.Observation{Known: true, Baseline: &target.ArmState{Payload: old, Weight: 100, Health: target.HealthUnknown}}
	worse := dazed
	worse.Baseline = &target.ArmState{Payload: old, Weight: 90, Health: target.HealthUnknown}
	ignore := func(paths ...string) []drift.Ignore {
		var out []drift.Ignore
		for _, p := range paths {
			out = append(out, drift.Ignore{Path: p, Reason: "incident 7", Expires: now.Add(time.Hour)})
		}
		return out
	}
	weight := drift.Difference{Path: "baseline.weight", Expected: "100 %", Observed: "70 %"}

	cases := []struct {
		name    string
		history *release.History
		obs     target.Observation
		err     error
		ignore  []drift.Ignore
		at      time.Time
		status  drift.Status
		left    int
		ignored int
		summary string
	}{
		{name: "clean", history: steady, obs: clean, at: now, status: drift.StatusClean, summary: "checkout/production is as the ledger says"},
		{name: "drifted", history: steady, obs: moved, at: now, status: drift.StatusDrifted, left: 3, summary: "checkout/production has drifted in 3 places"},
		{name: "one path ignored", history: steady, obs: moved, ignore: ignore("canary"), at: now, status: drift.StatusDrifted, left: 1, ignored: 2, summary: "checkout/production has drifted in 1 place"},
		{name: "all paths ignored", history: steady, obs: moved, ignore: ignore("canary", "baseline.weight"), at: now, status: drift.StatusClean, ignored: 3, summary: "checkout/production is as the ledger says, but for 3 ignored differences"},
		{name: "a path that only begins alike", history: steady, obs: moved, ignore: ignore("can", "baseline.weigh"), at: now, status: drift.StatusDrifted, left: 3, summary: "checkout/production has drifted in 3 places"},
		{name: "what was ignored has expired", history: steady, obs: moved, ignore: ignore("canary", "baseline"), at: now.Add(time.Hour), status: drift.StatusDrifted, left: 3, summary: "checkout/production has drifted in 3 places"},
		{name: "health unknown", history: steady, obs: dazed, at: now, status: drift.StatusUnknown, left: 1, summary: "nobody can tell whether checkout/production has drifted: the target could not tell baseline.health"},
		{name: "health unknown beside drift", history: steady, obs: worse, at: now, status: drift.StatusDrifted, left: 2, summary: "checkout/production has drifted in 2 places"},
		{name: "the target cannot tell, whatever is ignored", history: steady, obs: target.Observation{}, ignore: ignore("baseline"), at: now, status: drift.StatusUnknown, summary: "nobody can tell whether checkout/production has drifted: the target could not tell what serves"},
		{name: "the target is away", history: steady, obs: clean, err: errors.New("connection refused"), at: now, status: drift.StatusUnknown, summary: "nobody can tell whether checkout/production has drifted: unable to look at the target: connection refused"},
		{name: "a rollout is open", history: history(t, join(adopted(), opened("1.2.0", "b"))...), obs: clean, at: now, status: drift.StatusUnknown, summary: "nobody can tell whether checkout/production has drifted: rollout 1 is open, and moves what would be compared"},
		{name: "nothing released", history: history(t), obs: clean, at: now, status: drift.StatusUnknown, summary: "nobody can tell whether checkout/production has drifted: nothing has been released yet"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := drift.Assess(c.history, drift.Seen{Observation: c.obs, Err: c.err}, drift.Check{Ignore: c.ignore}, c.at)
			if got.Status != c.status || len(got.Differences) != c.left || len(got.Ignored) != c.ignored {
				t.Errorf("the report is %+v; want %s with %d differences and %d ignored", got, c.status, c.left, c.ignored)
			}
			if got.Summary() != c.summary {
				t.Errorf("the summary is %q, want %q", got.Summary(), c.summary)
			}
			if (got.Status == drift.StatusUnknown) != (got.Reason != "") {
				t.Errorf("%s with the reason %q", got.Status, got.Reason)
			}
			if c.left > 0 && c.status == drift.StatusDrifted && got.Differences[0].Path == weight.Path && c.obs.Canary != nil && got.Differences[0].Difference != weight {
				t.Errorf("the first difference is %v, want %v", got.Differences[0], weight)
			}
		})
	}
	if got := drift.Assess(nil, drift.Seen{Observation: clean}, drift.Check{}, now); got.Status != drift.StatusUnknown || got.Reason == "" {
		t.Errorf("without a history the report is %+v", got)
	}
}

func TestReportAsText(t *testing.T) {
	moved := target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 70), Fields: nil}
	report := drift.Assess(history(t, adopted()...), drift.Seen{Observation: moved}, drift.Check{}, now)
	report.Ignored = []drift.Ignored{{
		Finding: drift.Finding{Difference: drift.Difference{Path: "tag", Expected: "a|b", Observed: "c\nd"}, Kind: drift.KindChanged, Severity: drift.SeverityLow}, Reason: "incident 7", Expires: now,
	}}
	want := "checkout/production has drifted in 1 place\n\n" +
		"| path | severity | expected | observed | |\n|---|---|---|---|---|\n" +
		"| `baseline.weight` | medium | 100 % | 70 % |  |\n" +
		"| `tag` | low | a\\|b | c d | ignored until 2026-11-27 14:03Z: incident 7 |\n"
	if diff := cmp.Diff(want, report.Markdown()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	const wantJSON = `{"release":{"service":"checkout","environment":"production"},"mode":"report","at":"2026-11-27T14:03:00Z","status":"drifted","severity":"medium",` +
		`"differences":[{"path":"baseline.weight","expected":"100 %","observed":"70 %","kind":"changed","severity":"medium","digest":"3fabe81adce12c039003bf6f45a922f0922362d3123a1b928035c9f3a939bbcb"}],` +
		`"ignored":[{"path":"tag","expected":"a|b","observed":"c\nd","kind":"changed","severity":"low","reason":"incident 7","expires":"2026-11-27T14:03:00Z"}],` +
		`"observed":"sha256:c670ff3087a2de3a256b6eae0ed6fe80773c7aa5bde8e7476995668acb621b7b"}`
	if diff := cmp.Diff(wantJSON, string(raw)); diff != "" {
		t.Errorf("the JSON (-want +got):\n%s", diff)
	}
	if got := drift.Assess(history(t, adopted()...), drift.Seen{Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}}, drift.Check{}, now).Markdown(); got != "checkout/production is as the ledger says\n" {
		t.Errorf("a clean report reads %q", got)
	}
}
