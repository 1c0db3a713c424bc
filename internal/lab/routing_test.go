package lab_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// set makes a traffic state true; it may take a while.
func set(t *testing.T, d target.Target, key string, s target.TrafficState) {
	t.Helper()
	labtest.Eventually(t, 20*time.Second, key, func() bool {
		p, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write(key), Traffic: s})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		return p.Done
	})
}

// ask sends a request and tells which arm answered, and the body.
func ask(t *testing.T, url string, change func(*http.Request)) (arm, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	change(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get(router.ArmHeader), string(got)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func TestACohortIsServedByTheCanary(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	d := canary(t, l, v1, v2, 0, 0)
	both := func(r *http.Request) { header("x-beta", "2")(r); header("x-beta", "1")(r) }
	for name, tc := range map[string]struct {
		cohort     target.Cohort
		in, out    []func(*http.Request)
		withWeight float64
	}{
		"header": {cohort: target.Cohort{Header: "X-Beta", Value: "1"},
			in:  []func(*http.Request){header("X-Beta", "1"), header("x-beta", "1"), both},
			out: []func(*http.Request){header("X-Beta", "10"), header("X-Beta", "1,2"), header("X-Other", "1"), header("Cookie", "X-Beta=1"), func(*http.Request) {}}},
		"cookie": {cohort: target.Cohort{Cookie: "beta", Value: "yes"},
			in:  []func(*http.Request){header("Cookie", "beta=yes"), header("Cookie", "a=b; beta=yes; c=d")},
			out: []func(*http.Request){header("Cookie", "Beta=yes"), header("Cookie", "beta=yes1"), header("Cookie", "alphabeta=yes"), header("beta", "yes")}},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, d, name, target.TrafficState{Cohort: &tc.cohort})
			if o := observe(t, d); o.Traffic == nil || !o.Traffic.Cohort.Same(&tc.cohort) || o.Canary.Weight != 0 || !o.Exposed() {
				t.Fatalf("it observes %+v", o)
			}
			for i, r := range tc.in {
				if arm, _ := ask(t, l.Addresses.Traffic, r); arm != "canary" {
					t.Errorf("request %d of the cohort was served by the %s", i, arm)
				}
			}
			for i, r := range tc.out {
				if arm, _ := ask(t, l.Addresses.Traffic, r); arm != "baseline" {
					t.Errorf("request %d of others was served by the %s", i, arm)
				}
			}
		})
	}
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done || p.Observation.Traffic != nil {
		t.Fatalf("revert: %+v, %v", p, err)
	}
	if arm, _ := ask(t, l.Addresses.Traffic, header("Cookie", "beta=yes")); arm != "baseline" {
		t.Errorf("after the revert the cohort was served by the %s", arm)
	}
}

func TestTheLabsOwnTrafficCanBeACohort(t *testing.T) {
	cohort := target.Cohort{Header: "X-Beta", Value: "1"}
	l := labtest.Start(t, lab.Config{Traffic: 200, Marked: &lab.Marked{Cohort: cohort, Share: 25}})
	d := canary(t, l, v1, v2, 0, 0)
	set(t, d, "cohort", target.TrafficState{Cohort: &cohort})
	before := text(t, l)
	labtest.Eventually(t, 20*time.Second, "a hundred requests of the cohort", func() bool {
		return text(t, l)["canary"]-before["canary"] >= 100
	})
	after := text(t, l)
	c, b := after["canary"]-before["canary"], after["baseline"]-before["baseline"]
	if share := c / (c + b); share < 0.2 || share > 0.3 {
		t.Errorf("a quarter is marked, and %g of the requests came to the canary", share)
	}
	if s := l.Status(); s.Marked == nil || s.Marked.Share != 25 {
		t.Errorf("the status says %+v", s.Marked)
	}
}

// A canary that hangs and fails is not felt by the users whose requests are
// copied to it, and it is counted.
func TestAMirrorHurtsNobodyAndIsCounted(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	slow := v2
	slow.ErrorRate, slow.LatencyMS = 1, 300
	d := canary(t, l, v1, slow, 0, 0)
	set(t, d, "mirror", target.TrafficState{Mirror: 100})
	if o := observe(t, d); o.Traffic == nil || o.Traffic.Mirror != 100 || o.Exposed() {
		t.Fatalf("it observes %+v", o)
	}
	const n = 20
	began := time.Now()
	for range n {
		if arm, body := ask(t, l.Addresses.Traffic, func(*http.Request) {}); arm != "baseline" || !strings.Contains(body, `"1.0.0"`) {
			t.Fatalf("a user was served by the %s: %s", arm, body)
		}
	}
	if took := time.Since(began); took > n*200*time.Millisecond {
		t.Errorf("%d mirrored requests took %s, as if they had waited for the canary", n, took)
	}
	labtest.Eventually(t, 10*time.Second, "all copies are counted as the canary's", func() bool {
		c := text(t, l)
		return c["canary 500"] == n && c["canary"] == n && c["baseline"] == n && c["baseline 200"] == n
	})
	if s := l.Scrape(); !strings.Contains(s, "lab_mirrored_requests_total 20") || !strings.Contains(s, "lab_mirror_missed_total 0") {
		t.Errorf("the copies are not told:\n%s", s)
	}
	set(t, d, "none", target.TrafficState{})
	_, _ = ask(t, l.Addresses.Traffic, func(*http.Request) {})
	if c := text(t, l); c["canary"] != n {
		t.Errorf("a request was copied after the mirror's end: %v", c)
	}
}

// versions counts which instances answer.
func versions(t *testing.T, url string, n int) map[string]int {
	t.Helper()
	out := map[string]int{}
	for range n {
		arm, _ := ask(t, url, func(*http.Request) {})
		out[arm]++
	}
	return out
}

func TestBatchesMoveInstances(t *testing.T) {
	l := labtest.Start(t, lab.Config{Instances: 4})
	d := canary(t, l, v1, v2, 0, 0)
	if o := observe(t, d); o.Canary.Replicas != 4 || o.Baseline.Replicas != 4 {
		t.Fatalf("it observes %+v and %+v", o.Baseline, o.Canary)
	}
	for _, step := range []struct{ share, weight float64 }{{10, 25}, {50, 50}, {99, 75}, {100, 100}, {25, 25}} {
		batch := target.Batch{Share: step.share, MinHealthy: 100}
		set(t, d, v2.Version+strings.Repeat("x", int(step.share)), target.TrafficState{Batch: &batch})
		o := observe(t, d)
		if o.Canary.Weight != step.weight || o.Traffic == nil || *o.Traffic.Batch != batch || o.Traffic.Weight != step.weight {
			t.Fatalf("share %g: it observes %+v, %+v", step.share, o.Canary, o.Traffic)
		}
	}
	if got := versions(t, l.Addresses.Traffic, 200); got["canary"] < 25 || got["canary"] > 80 {
		t.Errorf("with one of four instances the canary got %d of 200 requests", got["canary"])
	}
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done || p.Observation.Canary.Weight != 0 {
		t.Fatalf("revert: %+v, %v", p, err)
	}
	if got := versions(t, l.Addresses.Traffic, 20); got["canary"] != 0 {
		t.Errorf("after the revert the canary got %v", got)
	}
}

// Instances that fall ill make room for the warm ones of the baseline, so that
// never fewer are healthy than the author wants.
func TestABatchKeepsItsMinimumHealthy(t *testing.T) {
	l := labtest.Start(t, lab.Config{Instances: 2})
	looping := v2
	looping.CrashAfterRequests = 1
	d := canary(t, l, v1, looping, 0, 0)
	state := target.TrafficState{Batch: &target.Batch{Share: 100, MinHealthy: 100}}
	set(t, d, "all", state)
	labtest.Eventually(t, 30*time.Second, "the baseline's instances are back in", func() bool {
		_, _ = http.Get(l.Addresses.Traffic) //nolint:bodyclose,noctx // Whatever it answers.
		o := observe(t, d)
		return o.Canary.Health == target.Unhealthy && o.Canary.Weight == 0 && o.Traffic.Batch.Share == 100
	})
	if p, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("again"), Traffic: state}); err != nil || p.Done || p.LookAgain == 0 {
		t.Errorf("a batch that cannot be reached: %+v, %v", p, err)
	}
}

func TestOneInstanceCannotBeSplit(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	d := canary(t, l, v1, v2, 0, 0)
	before := observe(t, d)
	_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("half"), Traffic: target.TrafficState{Batch: &target.Batch{Share: 50}}})
	if target.CodeOf(err) != target.CodeUnsupported || !strings.Contains(err.Error(), "one instance") {
		t.Errorf("half of one instance: %v", err)
	}
	if o := observe(t, d); o.Fingerprint != before.Fingerprint {
		t.Errorf("it changed to %+v", o)
	}
}

// The dead-man switch ends all of it.
func TestTheSwitchEndsCohortMirrorAndBatch(t *testing.T) {
	l := labtest.Start(t, lab.Config{Instances: 2})
	d := canary(t, l, v1, v2, 0, 0)
	state := target.TrafficState{Cohort: &target.Cohort{Header: "X-Beta", Value: "1"}, Mirror: 10, Batch: &target.Batch{Share: 50}}
	if _, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: state, RevertAfter: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, 10*time.Second, "the switch fires", func() bool {
		arm, _ := ask(t, l.Addresses.Traffic, header("X-Beta", "1"))
		o := observe(t, d)
		return arm == "baseline" && o.Reverted && o.Traffic == nil && o.Canary.Weight == 0
	})
}

func TestARestartedLabKeepsTheCohort(t *testing.T) {
	dir := t.TempDir()
	cfg := lab.Config{Artifacts: dir, State: dir + "/lab.state"}
	l := labtest.Start(t, cfg)
	d := canary(t, l, v1, v2, 0, 0)
	set(t, d, "cohort", target.TrafficState{Cohort: &target.Cohort{Header: "X-Beta", Value: "1"}})
	before := observe(t, d)
	l.Stop()
	l = labtest.Start(t, cfg)
	labtest.Eventually(t, 20*time.Second, "the cohort is served by the canary", func() bool {
		arm, body := ask(t, l.Addresses.Traffic, header("X-Beta", "1"))
		return arm == "canary" && strings.Contains(body, `"1.1.0"`)
	})
	if o := observe(t, driver(t, l)); o.Fingerprint != before.Fingerprint || o.Traffic == nil {
		t.Errorf("before %+v, after %+v", before, o)
	}
}

// The lab keeps the whole contract, with every capability and without any.
func TestConformance(t *testing.T) {
	for name, cfg := range map[string]lab.Config{
		"four instances": {Instances: 4},
		"weights only":   {NoCohorts: true, NoMirror: true, NoBatches: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := labtest.Start(t, cfg)
			a, b := l.Artifact(v1), l.Artifact(service.Descriptor{Version: "1.1.0"})
			targettest.RunOn(t, &targettest.Fixture{Target: driver(t, l), A: a, B: b, Patience: 30 * time.Second})
		})
	}
}

