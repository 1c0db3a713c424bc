package lab_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestAWeightMovedByHandShows(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	d := driver(t, l)
	p1, p2 := l.Artifact(v1), l.Artifact(v2)
	release(t, d, p1)
	before := observe(t, d)
	l.Weight(lab.Weight{Version: "1.1.0", Weight: 30})
	o := observe(t, d)
	if o.Fingerprint == before.Fingerprint || !o.Canary.Payload.Same(p2) || o.Canary.Weight != 30 || o.Baseline.Weight != 70 {
		t.Fatalf("it observes %+v", o)
	}
	if o.Fence != before.Fence {
		t.Errorf("a person has no fence, and it became %d", o.Fence)
	}
	// A driver brings it back in the ordinary way.
	for _, do := range []func() (target.Progress, error){
		func() (target.Progress, error) { return d.Revert(t.Context(), write("repair/revert")) },
		func() (target.Progress, error) { return d.Finalize(t.Context(), write("repair/finalize")) },
	} {
		if p, err := do(); err != nil || !p.Done {
			t.Fatalf("repairing: %+v, %v", p, err)
		}
	}
	if o := observe(t, d); o.Canary != nil || o.Baseline.Weight != 100 {
		t.Errorf("after the repair it observes %+v", o)
	}
}

func TestFaultsOfAnArm(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	release(t, driver(t, l), l.Artifact(v1))
	fault := func(f router.Fault) {
		l.Faults(lab.Faults{Arms: map[target.Arm]router.Fault{target.Baseline: f}})
	}
	fault(router.Fault{ErrorRate: 1})
	if status, _ := get(t, l.Addresses.Traffic); status != http.StatusInternalServerError {
		t.Errorf("with errors: %d", status)
	}
	fault(router.Fault{Refuse: true})
	if resp, err := http.Get(l.Addresses.Traffic); err == nil { //nolint:noctx // A test's own server.
		_ = resp.Body.Close()
		t.Errorf("refused: %d", resp.StatusCode)
	}
	labtest.Eventually(t, 5*time.Second, "the refused are counted as bad", func() bool { return text(t, l)["baseline 502"] >= 1 })
	quick := text(t, l)["baseline"]
	fault(router.Fault{LatencyMS: 30})
	if status, _ := get(t, l.Addresses.Traffic); status != http.StatusOK {
		t.Errorf("slow: %d", status)
	}
	labtest.Eventually(t, 5*time.Second, "the slow one is counted as slow", func() bool {
		s := l.Scrape()
		return strings.Contains(s, fmt.Sprintf(`_seconds_bucket{arm="baseline",le="0.02"} %g`, quick)) &&
			strings.Contains(s, fmt.Sprintf(`_seconds_count{arm="baseline"} %g`, quick+1))
	})
	l.Faults(lab.Faults{})
	if status, _ := get(t, l.Addresses.Traffic); status != http.StatusOK {
		t.Errorf("without faults: %d", status)
	}
}

func TestAFaultLastsForItsCalls(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	l.Faults(lab.Faults{Contract: &lab.ContractFault{Status: 500, Calls: 2, Verbs: []string{"observation"}}})
	var got []int
	for _, path := range []string{"/v1/capabilities", "/v1/observation", "/v1/observation", "/v1/observation"} {
		status, _ := call(t, "GET", l.Contract+path, "")
		got = append(got, status)
	}
	if d := cmp.Diff([]int{200, 500, 500, 200}, got); d != "" {
		t.Error(d)
	}
	if f := l.Status().Faults.Contract; f != nil {
		t.Errorf("it is over, and the status shows %+v", f)
	}
}

func TestTheLabsOwnTraffic(t *testing.T) {
	l := labtest.Start(t, lab.Config{Traffic: 200})
	release(t, driver(t, l), l.Artifact(v1))
	before := text(t, l)["baseline"]
	labtest.Eventually(t, 20*time.Second, "200 requests were sent", func() bool { return text(t, l)["baseline"] > before+200 })
	l.Traffic(0)
	if l.Status().TrafficRate != 0 {
		t.Error("the rate did not change")
	}
}

func TestAdminRefusesNonsense(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"weight 101":        {"PUT", "/weight", `{"weight": 101}`, 422, "between 0 and 100"},
		"no canary":         {"PUT", "/weight", `{"weight": 30}`, 409, "no canary"},
		"unknown version":   {"PUT", "/weight", `{"weight": 30, "version": "9"}`, 404, "has the version"},
		"unknown digest":    {"PUT", "/weight", `{"weight": 30, "reference": "x@sha256:` + strings.Repeat("0", 64) + `"}`, 404, "digest"},
		"a tag":             {"PUT", "/weight", `{"weight": 30, "reference": "x:latest"}`, 422, "digest"},
		"unknown field":     {"PUT", "/weight", `{"wait": 30}`, 422, "wait"},
		"negative rate":     {"PUT", "/traffic", `{"rate": -1}`, 422, "between 0 and"},
		"unknown arm":       {"PUT", "/faults", `{"arms": {"left": {}}}`, 422, "left"},
		"error rate 2":      {"PUT", "/faults", `{"arms": {"canary": {"error_rate": 2}}}`, 422, "between 0 and 1"},
		"status 99":         {"PUT", "/faults", `{"contract": {"status": 99}}`, 422, "status"},
		"nothing to crash":  {"POST", "/crash", `{"arm": "canary"}`, 404, "nothing runs"},
		"an unknown method": {"POST", "/weight", `{}`, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := call(t, c.method, l.Admin+c.path, c.body)
			if status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestTheTokenGuardsEverythingButTheMetrics(t *testing.T) {
	l := labtest.Start(t, lab.Config{Token: "secret"})
	for path, want := range map[string]int{"/v1/observation": 401, "/admin/status": 401, "/metrics": 200} {
		if status, _ := call(t, "GET", l.Contract+path, ""); status != want {
			t.Errorf("%s without the token: %d, want %d", path, status, want)
		}
	}
	if s := l.Status(); !s.Observation.Known {
		t.Errorf("with the token: %+v", s)
	}
}

func TestRunRefusesABadConfiguration(t *testing.T) {
	dir := t.TempDir()
	labtest.WriteArtifact(t, dir, v1)
	for name, c := range map[string]struct {
		cfg  lab.Config
		says string
	}{
		"no directory":     {lab.Config{}, "--artifacts"},
		"a lost directory": {lab.Config{Artifacts: dir + "/nowhere"}, "nowhere"},
		"negative traffic": {lab.Config{Artifacts: dir, Traffic: -1}, "between 0 and"},
		"a taken port":     {lab.Config{Artifacts: dir, Listen: "256.0.0.1:1"}, "the lab's port"},
	} {
		t.Run(name, func(t *testing.T) {
			err := lab.Run(t.Context(), c.cfg, func(lab.Addresses) { t.Error("it runs") })
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestArtifactsAreKnownByTheirBytes(t *testing.T) {
	dir := t.TempDir()
	p := labtest.WriteArtifact(t, dir, v1)
	found, err := lab.Artifacts(dir)
	if err != nil || len(found) != 1 || found[0].Artifact() != p.Artifact {
		t.Fatalf("got %+v, %v", found, err)
	}
	var _ artifact.Artifact = found[0].Artifact()
}
