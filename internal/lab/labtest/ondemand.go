package labtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
)

// What flows while nobody looks, in requests a second, and how long somebody counts as
// looking after each look. Analyses look much more often.
const (
	trickle = 20
	looking = 3 * time.Second
	turning = 50 * time.Millisecond
)

// StartOnDemand is Start for a lab whose own traffic is a trickle while nobody reads its
// metrics. A test with Terraform spends most of its time where nobody does, and 200
// requests a second cost as much as everything else in it. Nothing but the test's
// reading of Metrics counts; Traffic must not be called.
func StartOnDemand(t testing.TB, cfg lab.Config) *Lab {
	t.Helper()
	full := cfg.Traffic
	cfg.Traffic = min(full, trickle)
	l := Start(t, cfg)
	metrics, err := url.Parse(l.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	// Never, at first: the clock of the machine is far beyond.
	var looked atomic.Int64
	clk := clock.System{}
	through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: metrics.Scheme, Host: metrics.Host})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		looked.Store(clk.Now().UnixNano())
		through.ServeHTTP(w, r)
	}))
	l.Metrics = server.URL + metrics.Path
	ctx, stop := context.WithCancel(context.Background())
	turned := make(chan struct{})
	go func() {
		defer close(turned)
		for rate := cfg.Traffic; clk.Sleep(ctx, turning) == nil; {
			want := cfg.Traffic
			if clk.Now().Sub(time.Unix(0, looked.Load())) < looking {
				want = full
			}
			if want != rate {
				l.do(http.MethodPut, "/traffic", lab.Rate{Rate: want, Marked: cfg.Marked}, nil)
				rate = want
			}
		}
	}()
	// Whoever stops the lab in the middle of a test stops this first: nobody is there to be
	// told any more.
	leave := l.stop
	l.stop = func() {
		stop()
		<-turned
		leave()
	}
	t.Cleanup(func() {
		stop()
		<-turned
		server.Close()
	})
	return l
}
