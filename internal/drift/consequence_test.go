package drift_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestConsequences(t *testing.T) {
	steady := history(t, adopted()...)
	moved := target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 70)}
	sick := target.Observation{Known: true, Baseline: &target.ArmState{Payload: payload("1.1.0", "a"), Weight: 100, Health: target.Unhealthy}}
	low, high := map[string]drift.Severity{"baseline": drift.SeverityLow}, map[string]drift.Severity{"baseline": drift.SeverityHigh}
	closer := map[string]drift.Severity{"baseline": drift.SeverityLow, "baseline.weight": drift.SeverityHigh}
	cases := []struct {
		name                  string
		obs                   target.Observation
		mode                  drift.Mode
		severity              map[string]drift.Severity
		fails, repairs, block bool
	}{
		{"report", moved, drift.ModeReport, nil, false, false, true},
		{"report, low", moved, drift.ModeReport, low, false, false, false},
		{"report, high", moved, drift.ModeReport, high, true, false, true},
		{"the closest entry counts", moved, drift.ModeReport, closer, true, false, true},
		{"fail", moved, drift.ModeFail, nil, true, false, true},
		{"fail, low", moved, drift.ModeFail, low, false, false, false},
		{"remediate", moved, drift.ModeRemediate, nil, false, true, true},
		{"remediate, low", moved, drift.ModeRemediate, low, false, false, false},
		{"remediate, high", moved, drift.ModeRemediate, high, false, true, true},
		{"remediate what no repair reaches", sick, drift.ModeRemediate, nil, false, false, true},
		{"and is of high severity", sick, drift.ModeRemediate, high, true, false, true},
		{"accept", moved, drift.ModeAccept, nil, false, false, true},
		{"nobody knows, report", target.Observation{}, drift.ModeReport, nil, false, false, true},
		{"nobody knows, fail", target.Observation{}, drift.ModeFail, low, true, false, true},
		{"nobody knows, high", target.Observation{}, drift.ModeReport, high, true, false, true},
		{"nobody knows, remediate", target.Observation{}, drift.ModeRemediate, nil, false, false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := drift.Assess(steady, drift.Seen{Observation: c.obs}, drift.Check{Release: key, Mode: c.mode, Severity: c.severity}, now)
			if r.Fails() != c.fails || r.Repairs() != c.repairs || r.Blocks() != c.block {
				t.Errorf("fails %v, repairs %v, blocks %v: %+v", r.Fails(), r.Repairs(), r.Blocks(), r)
			}
		})
	}
}

func TestOnlyTheStatedValueIsAccepted(t *testing.T) {
	value := "70 %"
	accept := func(a drift.Acceptance, weight float64, mode drift.Mode) drift.Report {
		obs := target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), weight)}
		return drift.Assess(history(t, adopted()...), drift.Seen{Observation: obs}, drift.Check{Mode: mode, Accepted: []drift.Acceptance{a}}, now)
	}
	byValue := drift.Acceptance{Path: drift.PathWeight, Value: &value, Reason: "r"}
	byHash := drift.Acceptance{Path: drift.PathWeight, SHA256: sum(value), Reason: "r"}
	for name, a := range map[string]drift.Acceptance{"value": byValue, "hash": byHash} {
		if r := accept(a, 70, drift.ModeAccept); r.Status != drift.StatusClean || len(r.Accepted) != 1 || r.Summary() != "checkout/production is as the ledger says, but for 1 accepted difference" {
			t.Errorf("%s: %+v", name, r)
		}
		if r := accept(a, 71, drift.ModeAccept); r.Status != drift.StatusDrifted {
			t.Errorf("%s: another value: %+v", name, r)
		}
		if r := accept(a, 70, drift.ModeReport); r.Status != drift.StatusDrifted {
			t.Errorf("%s: another mode: %+v", name, r)
		}
	}
	// What the ledger says changes with each release, and so does what is accepted of it.
	if r := accept(drift.Acceptance{Path: "baseline", Value: &value, Reason: "r"}, 70, drift.ModeAccept); r.Status != drift.StatusDrifted {
		t.Errorf("an entry covers what lies below it: %+v", r)
	}
}

func TestTheHashOfARepair(t *testing.T) {
	at := func(weight float64, health target.Health) string {
		b := arm(payload("1.1.0", "a"), weight)
		b.Health = health
		return drift.Assess(history(t, adopted()...), drift.Seen{Observation: target.Observation{Known: true, Baseline: b}}, drift.Check{}, now).Observed
	}
	if at(100, target.Healthy) != "" {
		t.Error("there is nothing to repair")
	}
	if at(70, target.Healthy) != at(70, target.Unhealthy) {
		t.Error("health changes by itself, and is no reason to plan again")
	}
	if at(70, target.Healthy) == at(71, target.Healthy) {
		t.Error("another weight has the same hash")
	}
}

// engine answers what a test says.
type engine struct {
	status release.Status
	err    error
}

func (e engine) Describe(context.Context, release.Key, bool) (release.Status, error) {
	return e.status, e.err
}

// reader counts how often it is asked.
type reader struct{ asked int }

func (r *reader) Read(context.Context, map[string]drift.Document) map[string]drift.Content {
	r.asked++
	return map[string]drift.Content{"doc": {Bytes: []byte(`{"a":2}`)}}
}

// cloud counts what it is asked for.
type cloud struct{ groups, resources, images int }

func (c *cloud) Groups(_ context.Context, _ release.Key, g map[string]drift.SecurityGroup) map[string]drift.SeenGroup {
	c.groups += len(g)
	return nil
}

func (c *cloud) Resources(_ context.Context, _ release.Key, r map[string]drift.Resource) map[string]drift.Content {
	c.resources += len(r)
	return nil
}

func (c *cloud) Images(_ context.Context, _ release.Key, i map[string]drift.Image) map[string]drift.SeenImage {
	for _, one := range i {
		if one.Artifact == nil {
			panic("nobody says what should run")
		}
	}
	c.images += len(i)
	return nil
}

// AWS is read while a rollout is open, but for what the rollout moves.
func TestLookAtAWS(t *testing.T) {
	check := one(map[string]drift.Expectation{"a": equals("1")})
	check.SecurityGroups = map[string]drift.SecurityGroup{"web": {}}
	check.Resources = map[string]drift.Resource{"orders": {}}
	check.Images = map[string]drift.Image{"app": app(), "proxy": proxy()}
	for name, c := range map[string]struct {
		e         engine
		documents int
		want      cloud
	}{
		"settled":                   {engine{status: release.Status{History: history(t, adopted()...)}}, 1, cloud{1, 1, 2}},
		"within a rollout":          {engine{status: release.Status{History: history(t, join(adopted(), opened("1.2.0", "b"))...)}}, 0, cloud{1, 1, 1}},
		"before there is a release": {engine{err: release.ErrUnknown}, 0, cloud{}},
	} {
		docs, got := &reader{}, cloud{}
		if _, err := (drift.Looker{Engine: c.e, Documents: docs, Cloud: &got}).Look(t.Context(), check, now); err != nil || got != c.want || docs.asked != c.documents {
			t.Errorf("%s: %+v, %d, %v", name, got, docs.asked, err)
		}
	}
}

func TestLook(t *testing.T) {
	check := one(map[string]drift.Expectation{"a": equals("1")})
	look := func(e engine) (drift.Report, int, error) {
		docs := &reader{}
		r, err := drift.Looker{Engine: e, Documents: docs}.Look(context.Background(), check, now)
		return r, docs.asked, err
	}
	serving := &target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}
	if r, asked, err := look(engine{status: release.Status{History: history(t, adopted()...), Serving: serving}}); err != nil || asked != 1 || r.Status != drift.StatusDrifted {
		t.Errorf("%+v, %d, %v", r, asked, err)
	}
	if r, asked, err := look(engine{status: release.Status{History: history(t, join(adopted(), opened("1.2.0", "b"))...), Serving: serving}}); err != nil || asked != 0 || !r.Moving || r.Blocks() {
		t.Errorf("within a rollout: %+v, %d, %v", r, asked, err)
	}
	if r, asked, err := look(engine{err: release.ErrUnknown}); err != nil || asked != 0 || !r.Unborn || r.Blocks() {
		t.Errorf("before there is a release: %+v, %d, %v", r, asked, err)
	}
	broken := errors.New("the chain is broken")
	if _, _, err := look(engine{err: broken}); !errors.Is(err, broken) {
		t.Errorf("a broken ledger gives %v", err)
	}
}

// TestPreview compares what is declared without asking what serves, or any ledger.
func TestPreview(t *testing.T) {
	docs := &reader{}
	l := drift.Looker{Documents: docs} // No engine: it would panic if it was asked.
	if r := l.Preview(context.Background(), one(map[string]drift.Expectation{"a": equals("1")}), now); r.Status != drift.StatusDrifted || len(r.Differences) != 1 || docs.asked != 1 {
		t.Errorf("%+v, asked %d times", r, docs.asked)
	}
	if r := l.Preview(context.Background(), one(map[string]drift.Expectation{"a": equals("2")}), now); r.Status != drift.StatusClean {
		t.Errorf("%+v", r)
	}
	check := drift.Check{SecurityGroups: map[string]drift.SecurityGroup{"web": {ID: "sg-0a1b2c3d4e5f60718"}}}
	if r := l.Preview(context.Background(), check, now); r.Status != drift.StatusUnknown {
		t.Errorf("what nobody reads is %+v", r)
	}
}
