// Package signaltest holds every signal driver to the contract in package signal.
// A driver's test describes its store as a Fixture and calls Run.
package signaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Fixture makes worlds for a driver.
type Fixture struct {
	// New makes a world in which nothing has happened. It is called once for each
	// check and cleans up with t.Cleanup.
	New func(t *testing.T) World
}

// World is a metric store, real or as good as real, and the hands on it.
type World struct {
	// Clock is the one that the sources get. The suite moves it.
	Clock *clock.Fake
	// Open makes a source on the store. Each stands for another process.
	Open func() (signal.Source, error)
	// Errors is a metric that counts errors.
	Errors string
	// Slow is a latency metric with its threshold, or empty.
	Slow       string
	SlowerThan time.Duration
	// Record lets events happen now. With no events at all the arm becomes known
	// to the store, and idle.
	Record func(metric string, arm target.Arm, bad, good int)
	// Delay is how long after Record the store can tell.
	Delay time.Duration
	// Restart ends the process that is measured and starts it anew with idle arms.
	// It is nil where nothing that the store keeps is lost so.
	Restart func()
	// Down makes the store answer with an error, and Stuck not at all.
	Down, Stuck func(bool)
	// Requests says how many requests the store has had, and PerCounts how many
	// one call of Counts may make at most, whatever the number of queries.
	Requests  func() int
	PerCounts int
}

// check is one part of the contract. It returns what is wrong.
type check struct {
	name string
	run  func(ctx context.Context, w World) []string
}

// Run holds a driver to the contract.
func Run(t *testing.T, f Fixture) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for _, problem := range c.run(ctx, f.New(t)) {
				t.Error(problem)
			}
		})
	}
}

func checks() []check {
	return []check{
		{"metrics are listed and nobody is asked", metricsListed},
		{"each event is counted once", eachEventOnce},
		{"the same cursor gives the same answer", sameCursorSameAnswer},
		{"no events is zero", noEventsIsZero},
		{"no data is missing", noDataIsMissing},
		{"complete through is honest", completeThrough},
		{"a restart invents and hides nothing", restart},
		{"a store that is down loses nothing", storeDown},
		{"a cancelled context ends it", cancelled},
		{"a deadline ends it", deadline},
		{"an unknown metric is refused", unknownMetric},
		{"a damaged cursor is refused", damagedCursor},
		{"concurrent callers do not disturb each other", concurrent},
		{"few requests", fewRequests},
		{"history invents nothing", history},
	}
}

// follower asks a source again and again, as a rollout does.
type follower struct {
	w      World
	source signal.Source
	cursor json.RawMessage
	since  time.Time
}

// follow makes both arms known and primes a follower.
func follow(ctx context.Context, w World) (*follower, error) {
	for _, q := range w.queries() {
		w.Record(q.Metric, target.Baseline, 0, 0)
		w.Record(q.Metric, target.Canary, 0, 0)
	}
	w.Clock.Advance(w.Delay)
	f := &follower{w: w, since: w.Clock.Now()}
	if err := f.reopen(); err != nil {
		return nil, err
	}
	_, err := f.ask(ctx)
	return f, err
}

func (w World) queries() []signal.Query {
	queries := []signal.Query{{Metric: w.Errors}}
	if w.Slow != "" {
		queries = append(queries, signal.Query{Metric: w.Slow, SlowerThan: w.SlowerThan})
	}
	return queries
}

// reopen goes on as another process: with a new source, and with the cursor as
// it comes out of the ledger.
func (f *follower) reopen() error {
	source, err := f.w.Open()
	if err != nil {
		return fmt.Errorf("Open() failed: %w", err)
	}
	f.source = source
	if f.cursor == nil {
		return nil
	}
	var content any
	decoder := json.NewDecoder(bytes.NewReader(f.cursor))
	decoder.UseNumber()
	if err := decoder.Decode(&content); err != nil {
		return fmt.Errorf("the cursor is not JSON: %w", err)
	}
	f.cursor, err = json.Marshal(content)
	return err
}

func (f *follower) request() signal.Request {
	return signal.Request{Queries: f.w.queries(), Since: f.since, Until: f.w.Clock.Now(), Cursor: f.cursor}
}

// ask waits until the store can tell, asks, checks the answer's shape and keeps
// its cursor.
func (f *follower) ask(ctx context.Context) (signal.Counts, error) {
	f.w.Clock.Advance(f.w.Delay + time.Second)
	req := f.request()
	given := bytes.Clone(req.Cursor)
	got, err := f.source.Counts(ctx, req)
	if err != nil {
		return got, fmt.Errorf("Counts() failed: %w", err)
	}
	if !bytes.Equal(given, req.Cursor) {
		return got, fmt.Errorf("Counts() changed the cursor that it was given")
	}
	if err := shape(req, got); err != nil {
		return got, err
	}
	f.cursor = got.Cursor
	return got, nil
}

// shape checks what is true of every answer.
func shape(req signal.Request, got signal.Counts) error {
	if !got.Primed && (len(got.Counts) > 0 || len(got.Missing) > 0) {
		return fmt.Errorf("an answer that only sets the cursor has counts %v and missing %v", got.Counts, got.Missing)
	}
	if got.CompleteThrough.After(req.Until) {
		return fmt.Errorf("the answer is complete through %s, after the end %s of the interval", got.CompleteThrough, req.Until)
	}
	seen := map[string]int{}
	for _, c := range got.Counts {
		seen[c.Metric+" "+string(c.Arm)]++
		if !(0 <= c.Bad && c.Bad <= c.Total) {
			return fmt.Errorf("%+v is not 0 <= bad <= total", c)
		}
	}
	for _, m := range got.Missing {
		seen[m.Metric+" "+string(m.Arm)]++
		if m.Reason == "" {
			return fmt.Errorf("%s of %s is missing without a reason", m.Metric, m.Arm)
		}
	}
	if !got.Primed {
		return nil
	}
	for _, q := range req.Queries {
		for _, arm := range []target.Arm{target.Baseline, target.Canary} {
			key := q.Metric + " " + string(arm)
			if seen[key] != 1 {
				return fmt.Errorf("%s stands %d times in counts and missing, want once", key, seen[key])
			}
			delete(seen, key)
		}
	}
	if len(seen) > 0 {
		return fmt.Errorf("the answer has what nobody asked for: %v", seen)
	}
	return nil
}
