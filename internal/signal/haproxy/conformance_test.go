//go:build !windows

// HAProxy does not run on Windows.

package haproxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	hap "github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/signal/signaltest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var groups = map[target.Arm]hap.Group{target.Baseline: hap.Blue, target.Canary: hap.Green}

// users are requests to one server through HAProxy.
func users(t testing.TB, h *haproxytest.HAProxy, server string, n int, path string) {
	t.Helper()
	for range n {
		for _, url := range h.URLs {
			req, err := http.NewRequest(http.MethodGet, url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Server", server)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
}

func open(t testing.TB, l hap.Layout, clk clock.Clock) signal.Source {
	t.Helper()
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	s, err := haproxy.Driver().Open(context.Background(), raw, signal.Deps{Clock: clk})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ready makes an arm known: its servers are ready, and take no traffic unless
// they are asked for by name.
func ready(h *haproxytest.HAProxy, g hap.Group) {
	for _, backend := range h.Layout.Backends {
		for n := 1; n <= 2; n++ {
			h.Command(fmt.Sprintf("set server %s/%s-%d state ready", backend, g, n))
		}
	}
}

// A real HAProxy's statistics keep the contract of the port.
func TestConformance(t *testing.T) {
	signaltest.Run(t, signaltest.Fixture{New: func(t *testing.T) signaltest.World {
		h := haproxytest.Start(t, haproxytest.Options{Serving: hap.Blue})
		relay := h.NewRelay(t)
		w := signaltest.World{
			Clock:     clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)),
			Errors:    haproxy.Errors,
			PerCounts: 1,
			Down:      relay.Down, Stuck: relay.Stuck, Requests: relay.Count,
			Record: func(_ string, arm target.Arm, bad, good int) {
				g := groups[arm]
				ready(h, g)
				// Both servers of the arm get some.
				users(t, h, fmt.Sprintf("%s-1", g), bad, "/?status=503")
				users(t, h, fmt.Sprintf("%s-2", g), good, "/")
			},
			Restart: func() {
				h.SaveState()
				h.Stop()
				h.Run()
			},
		}
		layout := h.Layout
		layout.Socket = relay.Socket
		w.Open = func() (signal.Source, error) { return open(t, layout, w.Clock), nil }
		return w
	}})
}
