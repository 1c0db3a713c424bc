//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// counter follows a HAProxy.
type counter struct {
	*haproxytest.HAProxy
	t      *testing.T
	source signal.Source
	cursor json.RawMessage
}

func follow(t *testing.T, o haproxytest.Options) *counter {
	t.Helper()
	o.Serving = hap.Blue
	h := haproxytest.Start(t, o)
	ready(h, hap.Green)
	c := &counter{HAProxy: h, t: t, source: open(t, h.Layout, clock.System{})}
	if got := c.ask(); got.Primed {
		t.Fatalf("the first answer is %+v", got)
	}
	return c
}

func (c *counter) ask() signal.Counts {
	c.t.Helper()
	got, err := c.source.Counts(c.t.Context(), signal.Request{Queries: []signal.Query{{Metric: haproxy.Errors}}, Until: clock.System{}.Now(), Cursor: c.cursor})
	if err != nil {
		c.t.Fatal(err)
	}
	c.cursor = got.Cursor
	return got
}

// wants checks bad and all events of both arms since the last question.
func (c *counter) wants(baseline, canary [2]float64) signal.Counts {
	c.t.Helper()
	got := c.ask()
	want := map[target.Arm][2]float64{target.Baseline: baseline, target.Canary: canary}
	for _, n := range got.Counts {
		if have := [2]float64{n.Bad, n.Total}; have != want[n.Arm] {
			c.t.Errorf("%s: bad and total are %v, want %v", n.Arm, have, want[n.Arm])
		}
	}
	if len(got.Counts) != 2 {
		c.t.Errorf("the answer is %+v", got)
	}
	return got
}

// What a user sees as a failure is one, whoever wrote the answer: a status 5xx of
// the server, an answer that broke off, none in time, no connection.
func TestWhatCountsAsBad(t *testing.T) {
	c := follow(t, haproxytest.Options{Defaults: "  timeout server 300ms"})
	users(t, c.HAProxy, "green-1", 1, "/?status=200")
	users(t, c.HAProxy, "green-1", 1, "/?status=302")
	users(t, c.HAProxy, "green-1", 1, "/?status=404")
	c.wants([2]float64{0, 0}, [2]float64{0, 3})
	users(t, c.HAProxy, "green-1", 2, "/?status=500")
	c.wants([2]float64{0, 0}, [2]float64{2, 2})
	users(t, c.HAProxy, "green-2", 1, "/?break")
	c.wants([2]float64{0, 0}, [2]float64{1, 1})
	c.Servers["green-2"].Hold(true)
	users(t, c.HAProxy, "green-2", 1, "/held")
	c.Servers["green-2"].Hold(false)
	c.wants([2]float64{0, 0}, [2]float64{1, 1})
	users(t, c.HAProxy, "blue-1", 5, "/")
	c.wants([2]float64{0, 5}, [2]float64{0, 0})
}

func TestAServerThatCannotBeReached(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	c.Stop()
	// A server without a check stays up for HAProxy, with nobody behind it.
	c.Edit("  server green-1 "+c.Servers["green-1"].Address()+" check", "  server green-1 "+haproxytest.Free(t)+" no-check")
	c.Run()
	ready(c.HAProxy, hap.Green)
	c.ask()
	users(t, c.HAProxy, "green-1", 3, "/")
	c.wants([2]float64{0, 0}, [2]float64{3, 3})
}

// All backends of an arm are added up.
func TestSeveralBackends(t *testing.T) {
	c := follow(t, haproxytest.Options{Backends: 3})
	users(t, c.HAProxy, "green-1", 2, "/?status=500")
	users(t, c.HAProxy, "green-2", 1, "/")
	c.wants([2]float64{0, 0}, [2]float64{6, 9})
}

// A reload begins new counters, which may be higher than the old ones by the next
// look; the process tells.
func TestANewProcessBeginsAtZero(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	users(t, c.HAProxy, "green-1", 2, "/?status=500")
	c.wants([2]float64{0, 0}, [2]float64{2, 2})
	c.SaveState()
	c.Stop()
	c.Run()
	users(t, c.HAProxy, "green-1", 5, "/")
	users(t, c.HAProxy, "green-1", 3, "/?status=500")
	if got := c.wants([2]float64{0, 0}, [2]float64{3, 8}); got.Resets != 1 {
		t.Errorf("%d resets are told", got.Resets)
	}
}

func TestCountersThatAPersonCleared(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	users(t, c.HAProxy, "blue-1", 4, "/")
	c.wants([2]float64{0, 4}, [2]float64{0, 0})
	c.Command("clear counters all")
	users(t, c.HAProxy, "blue-1", 1, "/?status=503")
	if got := c.wants([2]float64{1, 1}, [2]float64{0, 0}); got.Resets != 1 {
		t.Errorf("%d resets are told", got.Resets)
	}
}

// The arms follow the memory: what was the canary is the baseline afterwards.
func TestTheArmsFollowTheMemory(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	c.Command("set server memory/baseline weight 2")
	users(t, c.HAProxy, "green-1", 2, "/")
	c.wants([2]float64{0, 2}, [2]float64{0, 0})
	for _, server := range []string{"blue-1", "blue-2"} {
		c.Command("set server checkout0/" + server + " state drain")
	}
	got := c.ask()
	if len(got.Missing) != 1 || got.Missing[0].Arm != target.Canary || !strings.Contains(got.Missing[0].Reason, "no servers in the canary arm") {
		t.Errorf("an old arm is kept warm, and the answer is %+v", got)
	}
	c.Command("set server memory/baseline weight 9")
	_, err := c.source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: haproxy.Errors}}, Cursor: c.cursor})
	if err == nil || !strings.Contains(err.Error(), "unable to tell the arms apart") {
		t.Errorf("a memory that says nothing: %v", err)
	}
}

// In mode tcp sessions are counted.
func TestModeTCP(t *testing.T) {
	c := follow(t, haproxytest.Options{Mode: "tcp", Servers: 2})
	for _, server := range []string{"blue-1", "blue-2"} {
		c.Command("set server checkout0/" + server + " weight 0")
	}
	for range 3 {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(c.URLs[0], "http://"), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	c.wants([2]float64{0, 0}, [2]float64{0, 3})
}

func TestACursorOfAnotherConfiguration(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	other := c.Layout
	other.Arms = &hap.Arms{Blue: []string{"green-*"}, Green: []string{"blue-*"}}
	for name, layout := range map[string]hap.Layout{"arms": other} {
		_, err := open(t, layout, clock.System{}).Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: haproxy.Errors}}, Cursor: c.cursor})
		if err == nil || !strings.Contains(err.Error(), "another configuration") {
			t.Errorf("%s: %v", name, err)
		}
	}
	patient := c.Layout
	patient.Timeout = "10s"
	if _, err := open(t, patient, clock.System{}).Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: haproxy.Errors}}, Cursor: c.cursor}); err != nil {
		t.Errorf("with more patience: %v", err)
	}
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	for name, queries := range map[string][]signal.Query{
		"no histograms": {{Metric: "slow", SlowerThan: time.Second}},
		"takes no thre": {{Metric: haproxy.Errors, SlowerThan: time.Second}},
		"for twice":     {{Metric: haproxy.Errors}, {Metric: haproxy.Errors}},
	} {
		if _, err := c.source.Counts(t.Context(), signal.Request{Queries: queries}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHAProxyThatIsGone(t *testing.T) {
	c := follow(t, haproxytest.Options{})
	c.Stop()
	_, err := c.source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: haproxy.Errors}}, Cursor: c.cursor})
	if err == nil || !strings.Contains(err.Error(), "unable to read the statistics of HAProxy at "+c.Admin) {
		t.Errorf("got %v", err)
	}
}
