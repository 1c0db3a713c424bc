package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// users send requests to a service at a steady rate, and notice the first bad
// answer of the canary.
type users struct {
	url    string
	client *http.Client
	// canary says whether an answer came from the new version.
	canary func(*http.Response) bool

	mu    sync.Mutex
	first time.Time
}

func newUsers(url string) *users {
	return &users{
		url:    url,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		canary: func(r *http.Response) bool { return r.Header.Get(router.ArmHeader) == string(target.Canary) },
	}
}

// forget makes them notice a first bad answer again.
func (u *users) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.first = time.Time{}
}

// firstBad is when the canary's first bad answer came, zero when none did.
func (u *users) firstBad() time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.first
}

// run sends until ctx ends.
func (u *users) run(ctx context.Context, perSecond int) {
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			all.Go(func() { u.send(ctx) })
		}
	}
}

func (u *users) send(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url, nil)
	if err != nil {
		return
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return // The lab is starting or ending.
	}
	came := time.Now()
	_, _ = io.Copy(io.Discard, resp.Body) // So that the connection is used again.
	_ = resp.Body.Close()
	if resp.StatusCode < 500 || !u.canary(resp) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.first.IsZero() || came.Before(u.first) {
		u.first = came
	}
}
