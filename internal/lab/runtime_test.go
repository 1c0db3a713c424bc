package lab_test

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	dto "github.com/prometheus/client_model/go"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// canary makes v1 the baseline and v2 the canary at a weight.
func canary(t *testing.T, l *labtest.Lab, v1, v2 service.Descriptor, weight float64, revertAfter time.Duration) target.Target {
	t.Helper()
	d := driver(t, l)
	release(t, d, l.Artifact(v1))
	prepare(t, d, "canary", l.Artifact(v2))
	p, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("weight"), Traffic: target.TrafficState{Weight: weight}, RevertAfter: revertAfter})
	if err != nil || !p.Done {
		t.Fatalf("weight %g: %+v, %v", weight, p, err)
	}
	return d
}

var v1, v2 = service.Descriptor{Version: "1.0.0"}, service.Descriptor{Version: "1.1.0"}

// counts adds lab_requests_total up by arm and by status.
func counts(t *testing.T, text string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, m := range families["lab_requests_total"].GetMetric() {
		var arm, code string
		for _, l := range m.GetLabel() {
			switch l.GetName() {
			case "arm":
				arm = l.GetValue()
			case "code":
				code = l.GetValue()
			default:
				t.Errorf("the counter has the label %s", l.GetName())
			}
		}
		out[arm] += value(m)
		out[arm+" "+code] += value(m)
	}
	return out
}

func value(m *dto.Metric) float64 {
	if m.Counter != nil {
		return m.GetCounter().GetValue()
	}
	return m.GetUntyped().GetValue()
}

// text gets the metrics in the older format, which the parser reads.
func text(t *testing.T, l *labtest.Lab) map[string]float64 {
	t.Helper()
	resp, err := http.Get(l.Metrics) //nolint:noctx // A test's own server.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var b strings.Builder
	buf := make([]byte, 1<<20)
	for {
		n, err := resp.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return counts(t, b.String())
		}
	}
}

func TestTrafficIsSharedByWeightAndCountedByArm(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	bad := v2
	bad.ErrorRate = 0.2
	if c := text(t, l); len(c) != 8 || c["canary"] != 0 {
		t.Fatalf("a new lab counts %v; zeros must stand there", c)
	}
	canary(t, l, v1, bad, 25, 0)
	seen := map[string]float64{}
	const n = 2000
	for range n {
		resp, err := http.Get(l.Addresses.Traffic) //nolint:noctx // A test's own server.
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		seen[resp.Header.Get(router.ArmHeader)]++
	}
	labtest.Eventually(t, 5*time.Second, "all are counted", func() bool {
		c := text(t, l)
		return c["canary"] == seen["canary"] && c["baseline"] == seen["baseline"] && c["canary"]+c["baseline"] == n
	})
	c := text(t, l)
	if share := c["canary"] / n; math.Abs(share-0.25) > 0.05 {
		t.Errorf("the canary got %g of the requests", share)
	}
	if rate := c["canary 500"] / c["canary"]; math.Abs(rate-0.2) > 0.08 || c["baseline 500"] != 0 {
		t.Errorf("counted %v", c)
	}
	if s := l.Scrape(); !strings.HasSuffix(strings.TrimSpace(s), "# EOF") || !strings.Contains(s, `lab_arm_info{arm="canary",configuration_digest="",digest="sha256:`) {
		t.Errorf("this is no OpenMetrics:\n%s", s)
	}
}

func TestTheSwitchFiresByTheInjectedClock(t *testing.T) {
	clk := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	l := labtest.Start(t, lab.Config{Clock: clk})
	canary(t, l, v1, v2, 100, time.Minute)
	clk.Advance(59 * time.Second)
	if _, a := get(t, l.Addresses.Traffic); a.Version != "1.1.0" {
		t.Fatalf("before its time %s serves", a.Version)
	}
	labtest.Eventually(t, 5*time.Second, "somebody waits for the switch", func() bool { return clk.Sleepers() > 0 })
	clk.Advance(time.Second)
	// Nobody observes: the traffic itself must go back.
	labtest.Eventually(t, 5*time.Second, "the old version serves", func() bool {
		_, a := get(t, l.Addresses.Traffic)
		return a.Version == "1.0.0"
	})
	if o := l.Status().Observation; !o.Reverted || o.Canary.Weight != 0 {
		t.Errorf("it observes %+v", o)
	}
}

func TestARestartedLabServesWhatItServed(t *testing.T) {
	dir := t.TempDir()
	cfg := lab.Config{Artifacts: dir, State: filepath.Join(t.TempDir(), "lab.json")}
	l := labtest.Start(t, cfg)
	d := canary(t, l, v1, v2, 25, time.Hour)
	before := observe(t, d)
	l.Stop()
	l = labtest.Start(t, cfg)
	d = driver(t, l)
	labtest.Eventually(t, 10*time.Second, "both arms are healthy again", func() bool {
		o := observe(t, d)
		return o.Baseline.Health == target.Healthy && o.Canary.Health == target.Healthy
	})
	after := observe(t, d)
	if after.Fingerprint != before.Fingerprint || after.Fence != before.Fence || after.RevertAfter <= 0 || after.Canary.Weight != 25 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if err := os.WriteFile(cfg.State, []byte(`{"baseline": `), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.TrafficListen = "127.0.0.1:0", "127.0.0.1:0"
	if err := lab.Run(t.Context(), cfg, func(lab.Addresses) {}); err == nil || !strings.Contains(err.Error(), cfg.State) {
		t.Errorf("a broken state file: %v", err)
	}
}

func TestACrashIsMendedAndALoopIsNot(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	looping := v2
	looping.CrashAfterRequests = 1
	d := canary(t, l, v1, looping, 0, 0)
	pid := l.Status().Processes[target.Baseline].PID
	l.Crash(lab.Crash{Arm: target.Baseline})
	labtest.Eventually(t, 10*time.Second, "the baseline is back as another process", func() bool {
		s := l.Status().Processes[target.Baseline]
		return s.Health == target.Healthy && s.PID != pid && s.Restarts == 1
	})
	l.Weight(lab.Weight{Weight: 100})
	labtest.Eventually(t, 20*time.Second, "the crash loop is unhealthy", func() bool {
		get(t, l.Addresses.Traffic)
		return observe(t, d).Canary.Health == target.Unhealthy
	})
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done {
		t.Fatalf("revert from a crash loop: %+v, %v", p, err)
	}
	if status, a := get(t, l.Addresses.Traffic); status != 200 || a.Version != "1.0.0" {
		t.Errorf("after the revert: %d %+v", status, a)
	}
}
