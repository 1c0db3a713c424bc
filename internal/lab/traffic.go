package lab

import (
	"context"
	"io"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
)

// The traffic's bounds: so many requests under way at once, and the greatest
// rate that anybody may ask for.
const (
	maxInFlight = 128
	// MaxTraffic is the greatest rate of the lab's own traffic, per second.
	MaxTraffic  = 5000
	trafficTick = 10 * time.Millisecond
)

// traffic sends real HTTP requests through the router at a steady rate.
type traffic struct {
	clock   clock.Clock
	url     string
	metrics *router.Metrics
	client  *http.Client
	rate    atomic.Uint64 // The bits of a float64.
}

func newTraffic(clk clock.Clock, url string, m *router.Metrics) *traffic {
	return &traffic{clock: clk, url: url, metrics: m, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: maxInFlight, DisableCompression: true}}}
}

// Rate says how many requests a second are sent.
func (t *traffic) Rate() float64 { return math.Float64frombits(t.rate.Load()) }

// SetRate changes it; 0 stops.
func (t *traffic) SetRate(perSecond float64) { t.rate.Store(math.Float64bits(perSecond)) }

// run sends until ctx ends, and waits for what is under way. Work that is due
// while too many are under way is dropped and counted: an open loop that queued
// would hide how slow the service has become.
func (t *traffic) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	defer t.client.CloseIdleConnections()
	slots := make(chan struct{}, maxInFlight)
	due, last := 0.0, t.clock.Now()
	for t.clock.Sleep(ctx, trafficTick) == nil {
		now := t.clock.Now()
		// After a stall of the machine one second's worth is enough.
		due += t.Rate() * min(now.Sub(last).Seconds(), 1)
		last = now
		for ; due >= 1; due-- {
			select {
			case slots <- struct{}{}:
				under.Go(func() {
					defer func() { <-slots }()
					t.send(ctx)
				})
			default:
				t.metrics.Dropped()
			}
		}
	}
}

func (t *traffic) send(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return
	}
	t.metrics.Sent()
	resp, err := t.client.Do(req)
	if err != nil {
		return // The router counted what it knows of it.
	}
	_, _ = io.Copy(io.Discard, resp.Body) // So that the connection is used again.
	_ = resp.Body.Close()
}
