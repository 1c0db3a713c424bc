//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

var (
	betaHeader = &target.Cohort{Header: "X-Beta", Value: "yes, please (1)"}
	betaCookie = &target.Cohort{Cookie: "beta", Value: "a.b+c"}
)

// cohorts is a stage with the map, where the canary has a weight and a cohort.
func cohorts(t *testing.T, weight float64, c *target.Cohort, change ...func(*haproxytest.HAProxy, *haproxy.Config)) *stage {
	t.Helper()
	s := rolling(t, haproxytest.Options{Backends: 2, Cohorts: true}, 0)
	config := config(s.HAProxy)
	config.CohortMap = s.CohortMap()
	for _, do := range change {
		do(s.HAProxy, &config)
	}
	s.Target = open(t, config)
	s.route(weight, c)
	return s
}

func (s *stage) route(weight float64, c *target.Cohort) {
	s.t.Helper()
	p, err := s.Apply(s.t.Context(), target.ApplyRequest{WriteRequest: write("a"), Traffic: target.TrafficState{Weight: weight, Cohort: c}})
	if err != nil || !p.Done {
		s.t.Fatalf("weight %g and %v: %+v, %v", weight, c, p, err)
	}
}

// served sends requests through each frontend, and says how many of them came to
// the arms.
func (s *stage) served(n int, name, value string) (blue, green int) {
	s.t.Helper()
	count := func() (blue, green int) {
		for name, server := range s.Servers {
			if strings.HasPrefix(name, "blue") {
				blue += server.Served()
			} else {
				green += server.Served()
			}
		}
		return blue, green
	}
	b, g := count()
	for _, url := range s.URLs {
		for range n {
			req, err := http.NewRequest(http.MethodGet, url, nil)
			if err != nil {
				s.t.Fatal(err)
			}
			if name != "" {
				req.Header.Set(name, value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				s.t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
	blue, green = count()
	return blue - b, green - g
}

func (s *stage) reaches(arm hap.Group, name, value string) {
	s.t.Helper()
	blue, green := s.served(5, name, value)
	if want := 5 * len(s.URLs); (arm == hap.Blue && blue != want) || (arm == hap.Green && green != want) {
		s.t.Errorf("of %s: %s, %d requests came to blue and %d to green; all must come to %s", name, value, blue, green, arm)
	}
}

// Through each frontend a cohort reaches the canary, at weight 0, and nobody else
// does.
func TestACohortReachesTheCanary(t *testing.T) {
	s := cohorts(t, 0, betaHeader)
	if o := s.observe(); o.Traffic == nil || !o.Traffic.Cohort.Same(betaHeader) || o.Canary.Weight != 0 || !o.Exposed() {
		t.Fatalf("it observes %+v", o)
	}
	s.reaches(hap.Green, "x-beta", "yes, please (1)")
	for _, other := range []string{"yes, please (10)", "Yes, please (1)", "yes, please (1) ", "oh yes, please (1)", "1"} {
		if strings.TrimSpace(other) == betaHeader.Value {
			continue // HTTP drops the blank.
		}
		s.reaches(hap.Blue, "X-Beta", other)
	}
	s.reaches(hap.Blue, "X-Not-X-Beta", "yes, please (1)")
	s.reaches(hap.Blue, "X-Other", "x-beta: yes, please (1)")
	s.reaches(hap.Blue, "", "")

	s.route(0, betaCookie)
	s.reaches(hap.Green, "Cookie", "beta=a.b+c")
	s.reaches(hap.Green, "Cookie", "session=1; beta=a.b+c; theme=dark")
	for _, other := range []string{"beta=aXb+c", "beta=a.bbc", "alphabeta=a.b+c", "Beta=a.b+c", "beta=a.b+cd", "x=beta=a.b+c"} {
		s.reaches(hap.Blue, "Cookie", other)
	}
	s.reaches(hap.Blue, "X-Beta", "yes, please (1)")

	if blue, green := s.served(50, "Cookie", "beta=a.b+c"); blue != 0 || green != 100 {
		t.Errorf("of a hundred requests of the cohort %d came to blue", blue)
	}
	if one, two := s.Servers["green-1"].Served(), s.Servers["green-2"].Served(); one < 20 || two < 20 {
		t.Errorf("the cohort is not spread over the arm: %d and %d", one, two)
	}
}

func TestACohortBesidesAWeight(t *testing.T) {
	s := cohorts(t, 25, betaHeader)
	s.reaches(hap.Green, "X-Beta", betaHeader.Value)
	if blue, green := s.served(100, "", ""); green < 45 || green > 55 {
		t.Errorf("of 200 others %d came to blue and %d to green", blue, green)
	}
}

// Whatever ends the rollout sends the cohort with everybody else.
func TestTheCohortEnds(t *testing.T) {
	s := cohorts(t, 0, betaHeader)
	if p, err := s.Revert(t.Context(), write("r")); err != nil || !p.Done || p.Observation.Traffic != nil {
		t.Fatalf("revert: %+v, %v", p, err)
	}
	s.reaches(hap.Blue, "X-Beta", betaHeader.Value)
	s.route(100, betaHeader)
	if p, err := s.Complete(t.Context(), write("c")); err != nil || !p.Done || p.Observation.Traffic != nil {
		t.Fatalf("complete: %+v, %v", p, err)
	}
	if text := s.Command("show map " + s.CohortMap()); strings.TrimSpace(text) != "" {
		t.Errorf("the map still holds %s", text)
	}
}

// With the map's file a reload and a crash keep the cohort.
func TestTheCohortOutlivesAReload(t *testing.T) {
	s := cohorts(t, 5, betaHeader, func(h *haproxytest.HAProxy, c *haproxy.Config) {
		c.StateFile, c.CohortMapFile = h.StateFile(), h.CohortMap()
	})
	before := s.observe()
	for name, again := range map[string]func(){"a reload": s.Reload, "a crash": func() { s.Stop(); s.Run() }} {
		again()
		haproxytest.Eventually(t, "the rollout is as before "+name, func() bool {
			o := s.observe()
			return o.Known && o.Fingerprint == before.Fingerprint && o.Canary != nil && o.Canary.Health == target.Healthy
		})
		if o := s.observe(); o.Traffic == nil || !o.Traffic.Cohort.Same(betaHeader) {
			t.Fatalf("after %s it observes %+v", name, o)
		}
		s.reaches(hap.Green, "X-Beta", betaHeader.Value)
	}
}

// Without it, the reload forgets the cohort. That is seen, and nobody is sent to
// an arm that is out.
func TestAReloadThatForgetsTheCohort(t *testing.T) {
	s := cohorts(t, 0, betaHeader, func(h *haproxytest.HAProxy, c *haproxy.Config) { c.StateFile = h.StateFile() })
	before := s.observe()
	s.Reload()
	haproxytest.Eventually(t, "the canary is healthy", func() bool {
		o := s.observe()
		return o.Known && o.Canary != nil && o.Canary.Health == target.Healthy
	})
	if o := s.observe(); o.Traffic != nil || o.Fingerprint == before.Fingerprint {
		t.Errorf("it observes %+v", o)
	}
	s.reaches(hap.Blue, "X-Beta", betaHeader.Value)
	// The file's weights are old and its cohort is not: the arm is out.
	s.route(0, betaHeader)
	if err := os.WriteFile(s.CohortMap(), []byte(hap.MapFile([]hap.Entry{hap.CohortEntry(*betaHeader, hap.Green)})), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.StateFile()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Run()
	haproxytest.Eventually(t, "the baseline is told", func() bool { return s.observe().Known })
	s.reaches(hap.Blue, "X-Beta", betaHeader.Value)
	if o := s.observe(); o.Canary != nil || o.Exposed() || o.Fields["cohort_map"] == nil {
		t.Errorf("it observes %+v", o)
	}
}

// A server of the arm that is down does not send its part of the cohort to the
// baseline.
func TestACohortStaysWithItsArm(t *testing.T) {
	s := cohorts(t, 0, betaHeader)
	s.Command("set server checkout0/green-1 state maint", "set server checkout1/green-1 state maint")
	s.reaches(hap.Green, "X-Beta", betaHeader.Value)
}

func TestAHandOnTheMapIsSeen(t *testing.T) {
	s := cohorts(t, 0, betaHeader)
	before := s.observe()
	s.Command("add map " + s.CohortMap() + " x-evil green")
	o := s.observe()
	if o.Fingerprint == before.Fingerprint || o.Fields["cohort_map"] == nil {
		t.Fatalf("it observes %+v", o)
	}
	s.route(0, betaHeader)
	if o := s.observe(); o.Fields != nil || o.Fingerprint != before.Fingerprint {
		t.Errorf("after the next change it observes %+v", o)
	}
}

func TestAHAProxyWithoutTheMap(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 0)
	ask := target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Cohort: betaHeader}}
	before := s.observe()
	// The target names none.
	_, err := s.Apply(t.Context(), ask)
	wants(t, err, target.CodeUnsupported, "cohorts", "cohort_map", "http-request set-var(txn.sluice) req.hdrs,map_reg(")
	// The target names one that haproxy.cfg does not have.
	c := config(s.HAProxy)
	c.CohortMap = "/etc/haproxy/missing.map"
	d := open(t, c)
	obstacles(t, d, "no map of the name /etc/haproxy/missing.map", "map_reg(/etc/haproxy/missing.map)", "use-server")
	_, err = d.Apply(t.Context(), ask)
	wants(t, err, target.CodeNotFound, "/etc/haproxy/missing.map", "map_reg")
	if o := s.observe(); o.Fingerprint != before.Fingerprint {
		t.Errorf("it changed to %+v", o)
	}
	// That holds neither a weight nor a revert up.
	for name, verb := range map[string]func() (target.Progress, error){
		"apply": func() (target.Progress, error) {
			return d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("w"), Traffic: traffic(25)})
		},
		"revert": func() (target.Progress, error) { return d.Revert(t.Context(), write("r")) },
	} {
		if p, err := verb(); err != nil || !p.Done {
			t.Errorf("%s without the map: %+v, %v", name, p, err)
		}
	}
}

func TestAMapFileThatCannotBeWritten(t *testing.T) {
	s := cohorts(t, 0, nil)
	c := config(s.HAProxy)
	c.CohortMap, c.CohortMapFile = s.CohortMap(), filepath.Join(t.TempDir(), "no", "such", "map")
	d := open(t, c)
	obstacles(t, d, "the map's file", "cannot be written", "cohort_map_file")
	_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Cohort: betaHeader}})
	wants(t, err, target.CodeUnavailable, "was changed", "reload would bring the old cohort back")
	if p, err := d.Revert(t.Context(), write("r")); err != nil || !p.Done {
		t.Errorf("a revert: %+v, %v", p, err)
	}
	s.reaches(hap.Blue, "X-Beta", betaHeader.Value)
}

// In mid-rollout HAProxy goes: nothing is sent, and nothing is believed.
func TestHAProxyGoneWithACohort(t *testing.T) {
	s := cohorts(t, 0, betaHeader)
	s.Stop()
	_, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Cohort: betaCookie}})
	wants(t, err, target.CodeUnavailable, "does not answer")
	s.Run()
	haproxytest.Eventually(t, "the old artifact is told", func() bool { o := s.observe(); return o.Known && o.Traffic == nil })
	_, err = s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("y"), Traffic: target.TrafficState{Cohort: betaCookie}})
	wants(t, err, target.CodeConflict, "there is no canary for the cohort")
}
