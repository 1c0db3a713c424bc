package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/target"
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
	marked  atomic.Pointer[Marked]
}

// Marked says which part of the lab's own traffic belongs to a cohort.
type Marked struct {
	target.Cohort
	// Share of the requests that carry the header or the cookie, 0 to 100.
	Share float64 `json:"share"`
}

// problem says what is wrong with it, or nil.
func (m *Marked) problem() error {
	if m == nil {
		return nil
	}
	if errs := m.Validate(); len(errs) > 0 {
		return fmt.Errorf("the mark of the traffic: %w", errs.Err())
	}
	if !(m.Share >= 0 && m.Share <= 100) {
		return fmt.Errorf("the share of marked requests is %g; it must be between 0 and 100, for example 10", m.Share)
	}
	return nil
}

// put marks a request.
func (m *Marked) put(req *http.Request) {
	switch {
	case m == nil:
	case m.Header != "":
		req.Header.Set(m.Header, m.Value)
	default:
		req.AddCookie(&http.Cookie{Name: m.Cookie, Value: m.Value})
	}
}

func newTraffic(clk clock.Clock, url string, m *router.Metrics) *traffic {
	return &traffic{clock: clk, url: url, metrics: m, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: maxInFlight, DisableCompression: true}}}
}

// Rate says how many requests a second are sent.
func (t *traffic) Rate() float64 { return math.Float64frombits(t.rate.Load()) }

// SetRate changes it; 0 stops.
func (t *traffic) SetRate(perSecond float64) { t.rate.Store(math.Float64bits(perSecond)) }

// Marked says which requests carry a cohort's mark; nil for none.
func (t *traffic) Marked() *Marked { return t.marked.Load() }

// SetMarked changes it.
func (t *traffic) SetMarked(m *Marked) { t.marked.Store(m) }

// run sends until ctx ends, and waits for what is under way. Work that is due
// while too many are under way is dropped and counted: an open loop that queued
// would hide how slow the service has become.
func (t *traffic) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	defer t.client.CloseIdleConnections()
	slots := make(chan struct{}, maxInFlight)
	due, last, share := 0.0, t.clock.Now(), 0.0
	for t.clock.Sleep(ctx, trafficTick) == nil {
		now := t.clock.Now()
		// After a stall of the machine one second's worth is enough.
		due += t.Rate() * min(now.Sub(last).Seconds(), 1)
		last = now
		for ; due >= 1; due-- {
			var mark *Marked
			if m := t.Marked(); m != nil {
				if share += m.Share; share >= 100 {
					mark, share = m, share-100
				}
			}
			select {
			case slots <- struct{}{}:
				under.Go(func() {
					defer func() { <-slots }()
					t.send(ctx, mark)
				})
			default:
				t.metrics.Dropped()
			}
		}
	}
}

func (t *traffic) send(ctx context.Context, mark *Marked) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return
	}
	mark.put(req)
	t.metrics.Sent()
	resp, err := t.client.Do(req)
	if err != nil {
		return // The router counted what it knows of it.
	}
	_, _ = io.Copy(io.Discard, resp.Body) // So that the connection is used again.
	_ = resp.Body.Close()
}
