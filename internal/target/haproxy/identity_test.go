//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

// What serves is what the servers say, whatever anybody released.
func TestWhatServesIsReadFromEachServer(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	if o := s.observe(); !o.Canary.Payload.Same(b) || o.Canary.Payload.Version != "1.1.0" {
		t.Fatalf("at first: %+v", o.Canary)
	}
	c := payload("6.6.6", "c")
	s.Servers["green-1"].Install(c)
	if o := s.observe(); o.Known {
		t.Errorf("the canary runs two artifacts, and the answer is %+v", o.Canary)
	}
	s.Servers["green-2"].Install(c)
	if o := s.observe(); !o.Canary.Payload.Same(c) {
		t.Errorf("somebody else deployed: %+v", o.Canary)
	}
}

// A server that tells no digest makes the answer unknown, and one that is down
// makes its arm unhealthy.
func TestServersThatDoNotTell(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 25)
	s.Servers["green-1"].Sicken(true)
	haproxytest.Eventually(t, "the canary is unhealthy", func() bool {
		o := s.observe()
		return o.Known && o.Canary.Health == target.Unhealthy && o.Canary.Payload.Same(b)
	})
	s.Servers["green-2"].Sicken(true)
	haproxytest.Eventually(t, "all of the canary is down", func() bool {
		o := s.observe()
		return o.Known && o.Canary.Health == target.Unhealthy && o.Canary.Payload.Digest() == ""
	})
	if _, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: traffic(50)}); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("more traffic to it: %v", err)
	}
	if p, err := s.Revert(t.Context(), write("r")); err != nil || !p.Done || !p.Observation.Known || p.Observation.Canary.Weight != 0 {
		t.Errorf("a revert: %+v, %v", p, err)
	}
	c := config(s.HAProxy)
	c.Identity.Digest = &haproxy.Source{Header: "X-No-Such"}
	if o, err := open(t, c).Observe(t.Context()); err != nil || o.Known {
		t.Errorf("no server tells a digest: %+v, %v", o, err)
	}
}

// Without a command somebody else installs, and what is not there is an error.
func TestWithoutACommandSomebodyElseInstalls(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 0, func(c *haproxy.Config) { c.Install = nil })
	c := payload("2.0.0", "c")
	found, err := s.Preflight(t.Context(), c)
	if err != nil || len(found) != 1 || !strings.Contains(found[0].What, "2.0.0 (cccccccccccc) does not run on the idle arm green, which runs 1.1.0") || !strings.Contains(found[0].Remedy, "install = { command") {
		t.Errorf("preflight: %v, %v", found, err)
	}
	_, err = s.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("c"), Payload: c})
	wants(t, err, target.CodeNotFound, "does not run on the idle arm green", "deploy it to the servers")
	s.Servers["green-1"].Install(c)
	_, err = s.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("c"), Payload: c})
	wants(t, err, target.CodeNotFound, "different artifacts", "green-1 runs 2.0.0", "green-2 runs 1.1.0")
	s.Servers["green-2"].Install(c)
	if p, err := s.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("c"), Payload: c}); err != nil || !p.Done {
		t.Errorf("once it is there: %+v, %v", p, err)
	}
}

func TestAReleaseWithAConfigurationNeedsToReadIt(t *testing.T) {
	s := rolling(t, haproxytest.Options{}, 0)
	c := config(s.HAProxy)
	c.Identity.ConfigurationDigest = nil
	p := b
	p.ConfigurationDigest = "sha256:" + strings.Repeat("1", 64)
	found, err := open(t, c).Preflight(t.Context(), p)
	if err != nil || len(found) != 1 || !strings.Contains(found[0].What, "configuration digest") {
		t.Errorf("preflight: %v, %v", found, err)
	}
}

// The install command is a stranger's program: whatever it does is an error that
// says so, and never a success.
func TestInstallCommandsThatFail(t *testing.T) {
	h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue, Servers: 1})
	h.Servers["blue-1"].Install(a)
	t.Setenv("SLUICE_TEST_SECRET", "m4rker")
	t.Setenv("SLUICE_TEST_NAMED", "named")
	for name, tc := range map[string]struct {
		script string
		code   target.Code
		says   []string
	}{
		"fails":            {"echo no disk >&2; exit 3", target.CodeUnavailable, []string{"said: no disk", "run it by hand"}},
		"says nothing":     {"true", target.CodeProtocol, []string{"the body is empty", "one JSON object"}},
		"chats":            {"echo installing...; echo '{}'", target.CodeProtocol, []string{"cannot be read"}},
		"misspells":        {`echo '{"lok_again": "1s"}'`, target.CodeProtocol, []string{"lok_again"}},
		"floods":           {"yes", target.CodeProtocol, []string{"longer than 65536 bytes"}},
		"hangs":            {"exec sleep 60", target.CodeUnavailable, []string{"did not end in time", "look_again"}},
		"has no artifact":  {`echo '{"error": {"code": "not_found", "message": "no such image"}}'`, target.CodeNotFound, []string{"no such image"}},
		"invents a code":   {`echo '{"error": {"code": "done", "message": "hm"}}'`, target.CodeUnavailable, []string{"hm"}},
		"sees its secrets": {`[ -z "$SLUICE_TEST_SECRET" ] && [ "$SLUICE_TEST_NAMED" = named ] && echo "$SLUICE_VERB $SLUICE_ARM $SLUICE_VERSION $SLUICE_SERVERS" >&2; exit 1`, target.CodeUnavailable, []string{"said: install green 1.1.0 checkout0/green-1=" + h.Servers["green-1"].Address()}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "install.sh")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+tc.script+"\n"), 0o700); err != nil { //nolint:gosec // A program must be executable.
				t.Fatal(err)
			}
			c := config(h)
			c.Install = &haproxy.Install{Command: []string{path}, Environment: []string{"SLUICE_TEST_NAMED"}, Timeout: "1s"}
			_, err := open(t, c).Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("p"), Payload: b})
			wants(t, err, tc.code, tc.says...)
		})
	}
	c := config(h)
	c.Install.Command = []string{"./no-such-program"}
	_, err := open(t, c).Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("p"), Payload: b})
	wants(t, err, target.CodeUnavailable, "see that the program is there")
}
