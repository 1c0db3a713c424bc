package contract_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/serve"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

func TestMain(m *testing.M) { labtest.Main(m) }

// open makes a driver for a base URL.
func open(t *testing.T, c contract.Config) *contract.Target {
	t.Helper()
	d, err := contract.New(c, target.Deps{Clock: clock.System{}, UserAgent: "sluice/test"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The lab keeps the contract over HTTP, with real processes and real time.
func TestTheContractAgainstTheLab(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		l := labtest.Start(t, lab.Config{})
		return &targettest.Fixture{
			Target: open(t, contract.Config{URL: l.Contract}), RevertAfter: 800 * time.Millisecond,
			A: l.Artifact(service.Descriptor{Version: "1.0.0"}), B: l.Artifact(service.Descriptor{Version: "1.1.0"}),
		}
	})
}

// Whatever is a target.Target can be served by the contract, and keeps it.
func TestTheContractAgainstAServedTarget(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	a, b := l.Artifact(service.Descriptor{Version: "1.0.0"}), l.Artifact(service.Descriptor{Version: "1.1.0"})
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		simulated := sim.New(sim.Options{Clock: clk, Startup: time.Second, Exists: exists(a, b)})
		var writes atomic.Int64
		handler := serve.Handler(simulated, serve.Options{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// A preflight is asked by POST, and changes nothing.
			if r.Method != http.MethodGet && r.Header.Get("Idempotency-Key") != "" {
				writes.Add(1)
			}
			handler.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		d := targettest.Count(t, open(t, contract.Config{URL: server.URL + "/"}), targettest.Counts{Asked: func() int { return int(writes.Load()) }})
		return &targettest.Fixture{Target: d, A: a, B: b, Clock: clk}
	})
}
