//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

func write(key string) target.WriteRequest { return target.WriteRequest{Key: key, Fence: 1} }

func traffic(weight float64) target.TrafficState { return target.TrafficState{Weight: weight} }

// stage is a HAProxy in mid-rollout: blue runs a, green runs b at a weight.
type stage struct {
	*haproxytest.HAProxy
	*haproxy.Target
	t *testing.T
}

func rolling(t *testing.T, o haproxytest.Options, weight float64, change ...func(*haproxy.Config)) *stage {
	t.Helper()
	o.Serving = hap.Blue
	h := haproxytest.Start(t, o)
	c := config(h)
	for _, do := range change {
		do(&c)
	}
	s := &stage{HAProxy: h, Target: open(t, c), t: t}
	for name, server := range h.Servers {
		if strings.HasPrefix(name, "blue") {
			server.Install(a)
		} else {
			server.Install(b)
		}
	}
	s.prepared()
	s.apply(weight)
	return s
}

func (s *stage) prepared() {
	s.t.Helper()
	haproxytest.Eventually(s.t, "b is prepared", func() bool {
		p, err := s.Prepare(s.t.Context(), target.PrepareRequest{WriteRequest: write("p"), Payload: b})
		if err != nil {
			s.t.Fatal(err)
		}
		return p.Done
	})
}

func (s *stage) apply(weight float64) {
	s.t.Helper()
	p, err := s.Apply(s.t.Context(), target.ApplyRequest{WriteRequest: write("a"), Traffic: traffic(weight)})
	if err != nil || !p.Done {
		s.t.Fatalf("weight %g: %+v, %v", weight, p, err)
	}
}

func (s *stage) observe() target.Observation {
	s.t.Helper()
	o, err := s.Observe(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// wants checks the code of an error, and that it says all parts.
func wants(t *testing.T, err error, code target.Code, parts ...string) {
	t.Helper()
	var te *target.Error
	if !errors.As(err, &te) || te.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, part := range parts {
		if !strings.Contains(te.Error()+"; "+te.Remedy, part) {
			t.Errorf("%q does not say %q", te.Error()+"; "+te.Remedy, part)
		}
	}
}

func TestHAProxyGoneInMidRollout(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	s.Stop()
	_, err := s.Observe(t.Context())
	wants(t, err, target.CodeUnavailable, "does not answer", "see that HAProxy runs", "level admin")
	_, err = s.Revert(t.Context(), write("r"))
	wants(t, err, target.CodeUnavailable)
	var te *target.Error
	if errors.As(err, &te) && te.MaybeDone {
		t.Error("nothing was sent, and yet the change may have been made")
	}
	if target.IsPermanent(err) {
		t.Error("it is given up although HAProxy may come back")
	}
}

// Without a server-state file a restart brings the weights of haproxy.cfg back.
// That is seen, and the next step is refused.
func TestHAProxyRestartedWithOldWeights(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	before := s.observe()
	s.Stop()
	s.Run()
	haproxytest.Eventually(t, "the servers are checked", func() bool { return s.observe().Known })
	o := s.observe()
	if o.Canary != nil || o.Baseline == nil || !o.Baseline.Payload.Same(a) || o.Baseline.Weight != 100 || o.Fingerprint == before.Fingerprint {
		t.Fatalf("after the restart: %+v", o)
	}
	_, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("b"), Traffic: traffic(50), ExpectedFingerprint: before.Fingerprint})
	wants(t, err, target.CodeConflict, "somebody changed HAProxy")
	_, err = s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("c"), Traffic: traffic(50)})
	wants(t, err, target.CodeConflict, "there is no canary")
	if p, err := s.Revert(t.Context(), write("r")); err != nil || !p.Done {
		t.Errorf("a revert: %+v, %v", p, err)
	}
	// The rollout can be taken up again from there.
	s.prepared()
	s.apply(50)
}

// After a completed release the file's weights would put the old artifact back.
// What serves is told as it is.
func TestARestartAfterACompletionIsToldAsItIs(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 100)
	if p, err := s.Complete(t.Context(), write("c")); err != nil || !p.Done || !p.Observation.Baseline.Payload.Same(b) {
		t.Fatalf("complete: %+v, %v", p, err)
	}
	s.Stop()
	s.Run()
	haproxytest.Eventually(t, "the old artifact is told", func() bool {
		o := s.observe()
		return o.Known && o.Baseline.Payload.Same(a) && o.Canary == nil
	})
}

// With it, both a crash and a reload keep weights, states and who is who.
func TestTheStateFileKeepsTheRollout(t *testing.T) {
	var file string
	s := rolling(t, haproxytest.Options{Backends: 2}, 25, func(c *haproxy.Config) {
		file = filepath.Join(filepath.Dir(strings.TrimPrefix(c.Socket, "unix://")), "state")
		c.StateFile = file
	})
	if file != s.StateFile() {
		t.Fatalf("the state file is %s, and HAProxy reads %s", file, s.StateFile())
	}
	before := s.observe()
	s.Stop()
	s.Run()
	haproxytest.Eventually(t, "the rollout is as before", func() bool {
		o := s.observe()
		return o.Known && o.Fingerprint == before.Fingerprint && o.Canary.Health == target.Healthy
	})
	for _, verb := range []func() (target.Progress, error){
		func() (target.Progress, error) {
			return s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("f"), Traffic: traffic(100)})
		},
		func() (target.Progress, error) { return s.Complete(t.Context(), write("c")) },
		func() (target.Progress, error) { return s.Finalize(t.Context(), write("z")) },
	} {
		if p, err := verb(); err != nil || !p.Done {
			t.Fatalf("%+v, %v", p, err)
		}
		before = s.observe()
		s.Stop()
		s.Run()
		haproxytest.Eventually(t, "what serves is as before", func() bool { return s.observe().Fingerprint == before.Fingerprint })
	}
}

func TestAStateFileThatCannotBeWritten(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	c := config(s.HAProxy)
	c.StateFile = filepath.Join(t.TempDir(), "no", "such", "state")
	broken := open(t, c)
	obstacles(t, broken, "cannot be written", "let the user that drives rollouts write")
	_, err := broken.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: traffic(50)})
	wants(t, err, target.CodeUnavailable, "was changed", "reload would bring the old weights back")
	// But it holds no revert up.
	if p, err := broken.Revert(t.Context(), write("r")); err != nil || !p.Done {
		t.Errorf("a revert: %+v, %v", p, err)
	}
}

// obstacles wants one obstacle with all parts, and nothing else.
func obstacles(t *testing.T, d *haproxy.Target, parts ...string) {
	t.Helper()
	got, err := d.Preflight(t.Context(), b)
	if err != nil || len(got) != 1 {
		t.Fatalf("preflight: %v, %v", got, err)
	}
	for _, part := range parts {
		if !strings.Contains(got[0].What+"; "+got[0].Remedy, part) {
			t.Errorf("%q does not say %q", got[0].What+"; "+got[0].Remedy, part)
		}
	}
}

func TestASocketWithoutTheLevelAdmin(t *testing.T) {
	for level, socket := range map[string]func(*haproxytest.HAProxy) string{
		"operator": func(h *haproxytest.HAProxy) string { return h.Operator },
		"user":     func(h *haproxytest.HAProxy) string { return h.User },
	} {
		t.Run(level, func(t *testing.T) {
			s := rolling(t, haproxytest.Options{}, 25)
			c := config(s.HAProxy)
			c.Socket = socket(s.HAProxy)
			d := open(t, c)
			obstacles(t, d, "has the level "+level, "level admin", "mode 660 group")
			_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: traffic(50)})
			wants(t, err, target.CodeUnauthorized, "Permission denied", "level admin")
			if o := s.observe(); o.Canary.Weight != 25 {
				t.Errorf("the weight is %g", o.Canary.Weight)
			}
		})
	}
}

func TestTheSocketOverTCP(t *testing.T) {
	address := haproxytest.Free(t)
	h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue, Servers: 1})
	h.Stop()
	h.Edit("  hard-stop-after 1s\n", "  hard-stop-after 1s\n  stats socket ipv4@"+address+" level admin\n")
	h.Run()
	h.Servers["blue-1"].Install(a)
	c := config(h)
	c.Socket = "tcp://" + address
	d := open(t, c)
	haproxytest.Eventually(t, "a serves", func() bool {
		o, err := d.Observe(t.Context())
		return err == nil && o.Known && o.Baseline.Payload.Same(a) && o.Baseline.Health == target.Healthy
	})
}

func TestSomethingElseAtTheSocket(t *testing.T) {
	h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue})
	c := config(h)
	c.Socket = "tcp://" + strings.TrimPrefix(h.URLs[0], "http://")
	_, err := open(t, c).Observe(t.Context())
	wants(t, err, target.CodeUnavailable, "no usable answer", "is its stats socket")
	if err := os.Remove(strings.TrimPrefix(h.Admin, "unix://")); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, config(h)).Observe(t.Context())
	wants(t, err, target.CodeUnavailable, "does not answer", "no such file")
}
