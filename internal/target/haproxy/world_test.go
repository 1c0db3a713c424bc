//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"net/http"
	"strings"
	"testing"

	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

// Users get what the weight says, through each frontend.
func TestTheWeightsAreWhatUsersGet(t *testing.T) {
	s := rolling(t, haproxytest.Options{Backends: 2}, 25)
	served := func() (blue, green int) {
		for name, server := range s.Servers {
			if strings.HasPrefix(name, "blue") {
				blue += server.Served()
			} else {
				green += server.Served()
			}
		}
		return blue, green
	}
	for _, url := range s.URLs {
		blue, green := served()
		for range 200 {
			resp, err := http.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		b, g := served()
		if b, g = b-blue, g-green; g < 45 || g > 55 || b+g != 200 {
			t.Errorf("of 200 requests to %s %d came to the canary, want about 50", url, g)
		}
	}
}

func TestSettingsThatMakeWeightsMeanSomethingElse(t *testing.T) {
	for name, tc := range map[string]struct {
		options  haproxytest.Options
		old, new string
		says     []string
	}{
		"balance that is static":   {old: "balance roundrobin", new: "balance static-rr", says: []string{"not by weight", "balance roundrobin"}},
		"balance by connections":   {old: "balance roundrobin", new: "balance leastconn", says: []string{"not by weight"}},
		"clients kept by a cookie": {old: "balance roundrobin", new: "balance roundrobin\n  cookie S insert\n  default-server cookie x", says: []string{"keep their clients by a cookie", "a rollback would not reach"}},
		"no health check":          {options: haproxytest.Options{Server: "no-check"}, says: []string{"have no health check", `add "check"`}},
		"backup servers":           {options: haproxytest.Options{Server: "backup"}, says: []string{"are backup servers"}},
		"a stranger":               {old: "  server blue-1 ", new: "  server other 127.0.0.1:9 disabled\n  server blue-1 ", says: []string{"checkout0/other would take traffic"}},
		"an open memory":           {old: "127.0.0.1:9 disabled weight", new: "127.0.0.1:9 weight", says: []string{"memory/baseline is not in maintenance"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.options.Serving = hap.Blue
			h := haproxytest.Start(t, tc.options)
			if tc.old != "" {
				h.Stop()
				h.Edit(tc.old, tc.new)
				h.Run()
			}
			for _, server := range h.Servers {
				server.Install(a)
			}
			obstacles(t, open(t, config(h)), tc.says...)
		})
	}
}

func TestDifferentWeightsInTheFile(t *testing.T) {
	h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue, Server: "weight 50"})
	h.Stop()
	h.Edit(h.Servers["blue-2"].Address()+" check inter 50ms fastinter 20ms downinter 20ms rise 1 fall 1 weight 100  weight 50", h.Servers["blue-2"].Address()+" check weight 10")
	h.Run()
	for _, server := range h.Servers {
		server.Install(a)
	}
	obstacles(t, open(t, config(h)), "the arm blue in checkout0 have different weights")
}

func TestHAProxyIsNotAsConfigured(t *testing.T) {
	h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue})
	for name, tc := range map[string]struct {
		change func(*haproxy.Config)
		says   []string
	}{
		"backend": {func(c *haproxy.Config) { c.Backends = []string{"chekout"} }, []string{`the backend "chekout" (it has "checkout0", "memory")`}},
		"server":  {func(c *haproxy.Config) { c.Arms = &hap.Arms{Blue: []string{"blue-*"}, Green: []string{"gren-*"}} }, []string{"servers of the arm green (gren-*)"}},
		"both":    {func(c *haproxy.Config) { c.Arms = &hap.Arms{Blue: []string{"*-1", "*-2"}, Green: []string{"green-*"}} }, []string{"checkout0/green-1, which is in both"}},
		"memory":  {func(c *haproxy.Config) { c.Memory = "memory/base" }, []string{"memory/base, which is to remember"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(h)
			tc.change(&c)
			d := open(t, c)
			obstacles(t, d, append(tc.says, "make haproxy.cfg and the target's attributes agree")...)
			_, err := d.Observe(t.Context())
			wants(t, err, target.CodeNotFound, tc.says...)
		})
	}
}

func TestAMemoryThatSaysNothing(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	for weight, says := range map[string]string{"7": "the weight 7, which nobody but a person", "0": "both arms are ready"} {
		s.Command("set server memory/baseline weight " + weight)
		_, err := s.Observe(t.Context())
		wants(t, err, target.CodeUnavailable, says, "1 for blue, 2 for green")
		obstacles(t, s.Target, says)
	}
}

// A batch that was cut short leaves the backends apart. The greater share is
// told, and the next change brings them together.
func TestBackendsThatAreApart(t *testing.T) {
	s := rolling(t, haproxytest.Options{Backends: 2}, 5)
	for _, server := range []string{"green-1", "green-2"} {
		s.Command("set server checkout1/" + server + " weight 247")
	}
	if o := s.observe(); o.Canary.Weight != 50 || o.Baseline.Weight != 50 {
		t.Errorf("one backend at 50 %%, the other at 5 %%: %+v", o.Canary)
	}
	if _, err := s.Complete(t.Context(), write("c")); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("complete: %v", err)
	}
	s.apply(50)
	if o := s.observe(); o.Canary.Weight != 50 {
		t.Errorf("then %+v", o.Canary)
	}
}

func TestAHandOnTheWeightsIsSeen(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	before := s.observe()
	s.Command("set server checkout0/green-1 weight 256")
	o := s.observe()
	if o.Canary.Weight <= 25 || o.Fingerprint == before.Fingerprint {
		t.Errorf("one server of the canary has all weight there is: %+v", o.Canary)
	}
	_, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: traffic(50), ExpectedFingerprint: before.Fingerprint})
	wants(t, err, target.CodeConflict, "somebody changed HAProxy")
	s.Command("set server checkout0/blue-1 state maint")
	if o = s.observe(); o.Baseline.Replicas != 1 || !o.Known {
		t.Errorf("a server of the baseline was taken out: %+v", o.Baseline)
	}
}

func TestAShareThatWeightsCannotGive(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 0)
	_, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: traffic(0.1)})
	wants(t, err, target.CodeUnsupported, "cannot give 0.1 %", "the nearest is 0.39 %")
	if o := s.observe(); o.Canary.Weight != 0 {
		t.Errorf("the weight is %g", o.Canary.Weight)
	}
}

// Sessions of the old arm may end before it is taken out, for a while.
func TestOpenSessionsAreDrained(t *testing.T) {
	s := rolling(t, haproxytest.Options{Servers: 1, Defaults: "  timeout server 20s"}, 25, func(c *haproxy.Config) { c.Drain = "10s" })
	ended := s.held("blue-1")
	s.apply(100)
	if p, err := s.Complete(t.Context(), write("c")); err != nil || !p.Done {
		t.Fatalf("complete: %+v, %v", p, err)
	}
	p, err := s.Finalize(t.Context(), write("f"))
	if err != nil || p.Done || p.LookAgain == 0 {
		t.Fatalf("with an open session: %+v, %v", p, err)
	}
	s.Servers["blue-1"].Hold(false)
	haproxytest.Eventually(t, "the arm is out", func() bool {
		p, err := s.Finalize(t.Context(), write("f"))
		return err == nil && p.Done && s.maint("blue-1")
	})
	if err := <-ended; err != nil {
		t.Errorf("the user's request was cut: %v", err)
	}
}

func (s *stage) maint(server string) bool {
	site, err := hap.NewSite(s.Layout)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := site.Read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, srv := range append(v.All(hap.Blue), v.All(hap.Green)...) {
		if srv.Name == server && srv.Admin != hap.Maint {
			return false
		}
	}
	return true
}

// held sends a request to a server that keeps it, and tells how it ends.
func (s *stage) held(server string) <-chan error {
	s.t.Helper()
	s.Servers[server].Hold(true)
	s.t.Cleanup(func() { s.Servers[server].Hold(false) })
	req, err := http.NewRequest(http.MethodGet, s.URLs[0]+"/held", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Server", server)
	ended := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		ended <- err
	}()
	haproxytest.Eventually(s.t, "a user's request is open", func() bool { return s.Servers[server].Served() == 1 })
	return ended
}

// A session that never ends does not hold a release up for ever.
func TestDrainingEnds(t *testing.T) {
	s := rolling(t, haproxytest.Options{Servers: 1, Defaults: "  timeout server 20s"}, 25, func(c *haproxy.Config) { c.Drain = "1s" })
	s.held("green-1")
	if p, err := s.Revert(t.Context(), write("r")); err != nil || !p.Done {
		t.Fatalf("revert: %+v, %v", p, err)
	}
	if p, err := s.Finalize(t.Context(), write("f")); err != nil || p.Done {
		t.Fatalf("with an open session: %+v, %v", p, err)
	}
	haproxytest.Eventually(t, "the arm is out", func() bool {
		p, err := s.Finalize(t.Context(), write("f"))
		return err == nil && p.Done && s.maint("green-1")
	})
}
