//go:build unix

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// call is one change that a driver asked the lab for.
type call struct {
	verb, key string
	// weight is the canary's share that a call for traffic asks for.
	weight float64
	// done is true when the lab answered that what was asked for is true now.
	done bool
}

// renews is true for a call that only gives the dead-man switch more time.
func (c call) renews() bool { return strings.Contains(c.key, "/renew") }

// forward is true for a call that leads on.
func (c call) forward() bool {
	return slices.Contains([]string{"prepare", "traffic", "complete"}, c.verb) && !c.renews()
}

// tap is the network between the drivers and the lab: it takes some time on each
// way, and writes down every change that is asked for. What a driver has sent when
// it is killed arrives or is lost, as it happens.
type tap struct {
	url string

	mu       sync.Mutex
	random   *rand.Rand
	calls    []call
	underway int
}

// kept is where the handler leaves what it sent for whoever sees the answer: the
// number of the call, and how long the answer takes.
type kept struct{}

type sent struct {
	call int
	back time.Duration
}

// latency is the longest that a call is under way, there and back each.
const latency = 20 * time.Millisecond

func newTap(t *testing.T, lab string, random *rand.Rand) *tap {
	t.Helper()
	to, err := url.Parse(lab)
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{random: random}
	through := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: p.answered,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, back, lost := p.begin()
		defer p.finish()
		n := p.note(r)
		if (clock.System{}).Sleep(r.Context(), there) != nil && lost {
			return
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
		defer cancel()
		through.ServeHTTP(w, r.WithContext(context.WithValue(ctx, kept{}, sent{n, back})))
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// begin draws how long a call takes on its ways, and whether it is lost when its
// driver is killed meanwhile.
func (p *tap) begin() (there, back time.Duration, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underway++
	return time.Duration(p.random.Int64N(int64(latency))), time.Duration(p.random.Int64N(int64(latency))), p.random.IntN(2) == 0
}

// note writes a change down before it reaches the lab, and gives its number; -1
// for a call that changes nothing.
func (p *tap) note(r *http.Request) int {
	key := r.Header.Get(wire.KeyHeader)
	if key == "" {
		return -1
	}
	var body wire.Traffic
	content, err := io.ReadAll(r.Body)
	if err == nil {
		_ = json.Unmarshal(content, &body) // What does not fit is the lab's to refuse.
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call{verb: path.Base(r.URL.Path), key: key, weight: body.Traffic.Weight})
	return len(p.calls) - 1
}

func (p *tap) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underway--
}

// answered notes what the lab said, and passes it on.
func (p *tap) answered(r *http.Response) error {
	s, ok := r.Request.Context().Value(kept{}).(sent)
	if !ok || s.call < 0 {
		return nil
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	var said wire.Progress
	p.mu.Lock()
	p.calls[s.call].done = r.StatusCode == http.StatusOK && json.Unmarshal(content, &said) == nil && said.Done
	p.mu.Unlock()
	return (clock.System{}).Sleep(r.Request.Context(), s.back)
}

// idle is true while nothing is on its way to the lab.
func (p *tap) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.underway == 0
}

// since gives the calls behind the first n, in the order in which they came.
func (p *tap) since(n int) []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls[n:])
}

func (p *tap) count() int { return len(p.since(0)) }
