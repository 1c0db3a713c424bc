package signaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// memory is a store of cumulative counters with a source on it that keeps the
// contract, but for one fault.
type memory struct {
	fault    string
	clock    *clock.Fake
	mu       sync.Mutex
	sums     map[string][2]float64
	requests int
	down     bool
	stuck    bool
	last     *memoryCursor // what "remembers in process" remembers
	calls    atomic.Int32
}

type memoryCursor struct {
	Valid bool
	Sums  map[string][2]float64
}

func newMemory(fault string) *memory {
	return &memory{fault: fault, clock: clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), sums: map[string][2]float64{}}
}

func (m *memory) is(fault string) bool { return m.fault == fault }

func (m *memory) world() World {
	locked := func(f func()) {
		m.mu.Lock()
		defer m.mu.Unlock()
		f()
	}
	return World{
		Clock: m.clock, Errors: "errors", Slow: "slow", SlowerThan: time.Second, PerCounts: 1,
		Open: func() (signal.Source, error) {
			if m.is("asks when opened") {
				locked(func() { m.requests++ })
			}
			return m, nil
		},
		Record: func(metric string, arm target.Arm, bad, good int) {
			locked(func() {
				key := metric + "/" + string(arm)
				old := m.sums[key]
				m.sums[key] = [2]float64{old[0] + float64(bad), old[1] + float64(bad+good)}
			})
		},
		Restart: func() {
			locked(func() {
				for key := range m.sums {
					m.sums[key] = [2]float64{}
				}
			})
		},
		Down:     func(v bool) { locked(func() { m.down = v }) },
		Stuck:    func(v bool) { locked(func() { m.stuck = v }) },
		Requests: func() (n int) { locked(func() { n = m.requests }); return n },
	}
}

func (m *memory) Metrics() []string {
	if m.is("disorderly metrics") {
		return []string{"slow", "errors"}
	}
	return []string{"errors", "slow"}
}

func (m *memory) known(metric string) error {
	if metric != "errors" && metric != "slow" && !m.is("takes any metric") {
		return fmt.Errorf("no metric %q", metric)
	}
	return nil
}

func (m *memory) fetch(ctx context.Context, queries int) (map[string][2]float64, error) {
	if m.is("ignores cancel") {
		ctx = context.WithoutCancel(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	if m.is("one request per query") {
		m.requests += queries - 1
	}
	if m.stuck && !m.is("ignores deadline") {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.down {
		if m.is("down is zero") {
			return map[string][2]float64{}, nil
		}
		return nil, errors.New("the store is down")
	}
	return maps.Clone(m.sums), nil
}

func (m *memory) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	for _, q := range req.Queries {
		if err := m.known(q.Metric); err != nil {
			return signal.Counts{}, err
		}
	}
	var old memoryCursor
	if len(req.Cursor) > 0 {
		if err := json.Unmarshal(req.Cursor, &old); (err != nil || !old.Valid) && !m.is("takes any cursor") {
			return signal.Counts{}, errors.New("the cursor is damaged")
		}
	}
	sums, err := m.fetch(ctx, len(req.Queries))
	if err != nil {
		return signal.Counts{}, err
	}
	if m.is("remembers in process") && m.last != nil {
		old = *m.last
	}
	m.mu.Lock()
	m.last = &memoryCursor{Valid: true, Sums: sums}
	m.mu.Unlock()
	out := signal.Counts{Primed: len(req.Cursor) > 0, CompleteThrough: req.Until}
	if m.is("complete in future") {
		out.CompleteThrough = req.Until.Add(time.Minute)
	}
	for _, q := range req.Queries {
		for _, arm := range []target.Arm{target.Baseline, target.Canary} {
			m.count(&out, q.Metric, arm, sums, old)
		}
	}
	if m.is("answers unasked") {
		out.Counts = append(out.Counts, signal.Count{Metric: "other", Arm: target.Canary})
	}
	if m.is("shares an answer") && m.calls.Add(1)%2 == 0 {
		for i := range out.Counts {
			out.Counts[i].Bad, out.Counts[i].Total = 0, 0
		}
	}
	if !out.Primed && !m.is("first answer has counts") {
		out.Counts, out.Missing = nil, nil
	}
	if m.is("changes the cursor") && len(req.Cursor) > 0 {
		req.Cursor[0] = ' '
	}
	next := memoryCursor{Valid: true, Sums: sums}
	if m.is("doubles events") && len(req.Cursor) > 0 {
		next = old
	}
	out.Cursor, err = json.Marshal(next)
	return out, err
}

func (m *memory) count(out *signal.Counts, metric string, arm target.Arm, sums map[string][2]float64, old memoryCursor) {
	key := metric + "/" + string(arm)
	now, known := sums[key]
	before := old.Sums[key]
	if m.is("restart is invented") && now[1] < before[1] {
		now = before
	}
	if now[1] < before[1] {
		before = [2]float64{}
		if !m.is("restart is hidden") {
			out.Resets++
		}
	}
	c := signal.Count{Metric: metric, Arm: arm, Bad: now[0] - before[0], Total: now[1] - before[1]}
	if m.is("loses events") && c.Total > 0 {
		c.Total--
		c.Bad = min(c.Bad, c.Total)
	}
	if m.is("more bad than all") {
		c.Bad = c.Total + 1
	}
	reason := "nothing is known of it"
	if m.is("missing has no reason") {
		reason = ""
	}
	switch {
	case !known && m.is("leaves arms out"):
	case (!known && !m.is("missing is zero")) || (c.Total == 0 && m.is("zero is missing")):
		out.Missing = append(out.Missing, signal.Missing{Metric: metric, Arm: arm, Reason: reason})
	default:
		out.Counts = append(out.Counts, c)
	}
}

func (m *memory) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	for _, metric := range req.Metrics {
		if err := m.known(metric); err != nil {
			return signal.History{}, err
		}
	}
	sums, err := m.fetch(ctx, 1)
	if err != nil {
		return signal.History{}, err
	}
	out := signal.History{Thresholds: map[string]time.Duration{}}
	arm := target.Baseline
	if m.is("threshold of the canary") {
		arm = target.Canary
	}
	if sum := sums["slow/"+string(arm)]; sum[1] > 0 || m.is("threshold from nothing") {
		out.Thresholds["slow"] = time.Second
		if sum[0] > sum[1]/2 {
			out.Thresholds["slow"] = time.Minute
		}
	}
	return out, nil
}
