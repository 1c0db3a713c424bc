package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

// account is one account of AWS with a function for each rollout. All share a bucket of
// requests. It is reached as a proxy, so that its address is not one of this machine, for
// which there is no ceiling.
type account struct {
	stand  *stand
	bucket *rate.Limiter

	mu                  sync.Mutex
	functions           []*url.URL
	requests, throttled float64
}

// newAccount starts the account. It must be the first in this process to use HTTP.
func newAccount(s *stand, bucket *rate.Limiter) *account {
	awstest.Credentials(s)
	a := &account{stand: s, bucket: bucket}
	// Calls that are given up in the middle are the drivers' to tell.
	quiet := log.New(io.Discard, "", 0)
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: a.route, Transport: &http.Transport{}, ErrorLog: quiet})
	s.Cleanup(front.Close)
	s.Setenv("HTTP_PROXY", front.URL)
	s.Setenv("NO_PROXY", "")
	return a
}

// endpoint is where the rollouts believe that Lambda is.
const endpoint = "http://lambda.sluice.invalid"

var rolloutNumber = regexp.MustCompile(`sluice/n(\d+)`)

// route finds the function of a rollout, which its user agent names.
func (a *account) route(r *httputil.ProxyRequest) {
	n, err := strconv.Atoi(rolloutNumber.FindStringSubmatch(r.In.UserAgent())[1])
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.SetURL(a.functions[n])
}

// fault refuses what the bucket has no room for, as Lambda does.
func (a *account) fault(string) awstest.Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	if a.bucket.Allow() {
		return awstest.Fault{}
	}
	a.throttled++
	return awstest.Fault{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException"}
}

func (a *account) counts() (requests, throttled float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests, a.throttled
}

// others lets somebody else use the account until the function is called.
func (a *account) others(ctx context.Context, perSecond float64) (leave func()) {
	ctx, leave = context.WithCancel(ctx)
	go func() {
		for pause(ctx, time.Duration(float64(time.Second)/perSecond)) == nil {
			a.bucket.Allow()
		}
	}()
	return leave
}

// drive ships a new version of each function, all at once, and waits for their ends.
func (a *account) drive(ctx context.Context, c *crowd) error {
	l := mem.New(time.Now())
	requests := make([]release.ShipRequest, c.Rollouts)
	for i := range requests {
		server, next := newLambda(a.stand)
		server.Faults(a.fault)
		at, err := url.Parse(server.URL)
		if err != nil {
			return err
		}
		a.functions = append(a.functions, at)
		raw, err := json.Marshal(lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: region, Endpoint: endpoint}})
		if err != nil {
			return err
		}
		unattended := 50.0
		requests[i] = release.ShipRequest{Owner: owner, Spec: release.Spec{
			Service: fmt.Sprintf("service-%03d", i), Environment: release.Environment{Name: "production"}, Payload: next,
			Target: target.Config{Driver: lambda.Name, Config: raw},
			Strategy: strategy.Definition{Name: "bench", Bake: field.Duration(crowdLook), MaxUnattendedWeight: &unattended,
				Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(2 * crowdLook)}, {Weight: 100}}},
				Analysis: strategy.Analysis{Interval: field.Duration(crowdLook)}},
		}}
	}
	took, _ := timed(func() error {
		var all sync.WaitGroup
		for i, req := range requests {
			all.Go(func() {
				engine := &release.Engine{Ledger: l.Handle(), Clock: clock.System{}, Targets: target.NewRegistry(lambda.Driver()), Signals: signal.NewRegistry(),
					Actor: "bench", Holder: fmt.Sprintf("bench %d", i), UserAgent: fmt.Sprintf("sluice/n%d", i)}
				if out, err := engine.Ship(ctx, req); err != nil || out.Result != release.Shipped {
					a.mu.Lock()
					defer a.mu.Unlock()
					c.Failed = append(c.Failed, fmt.Sprintf("%s: %s %v", req.Spec.Service, out.Result, err))
				}
			})
		}
		all.Wait()
		return nil
	})
	c.Seconds = took.Seconds()
	return c.lags(ctx, l, requests)
}

// lags reads out of the ledger how long after it was due each look was recorded.
func (c *crowd) lags(ctx context.Context, l ledger.Ledger, requests []release.ShipRequest) error {
	var lags []float64
	for _, req := range requests {
		records, err := l.Read(ctx, req.Spec.Key().Stream(), 1)
		if err != nil {
			return err
		}
		lags = append(lags, tickLags(records, crowdLook)...)
	}
	if c.Looks = len(lags); c.Looks > 0 {
		c.LagP50, c.LagP99 = median(lags), quantile(lags, 0.99)
	}
	return nil
}
