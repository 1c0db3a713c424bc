package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// cursorVersion is the format of cursors. A cursor of another one is refused.
const cursorVersion = 1

const (
	// MaxSeries bounds the series that are followed, since the cursor keeps a few
	// numbers for each.
	MaxSeries = 10_000
	// forgetAfter is how long a series that is gone stays in the cursor. One that
	// comes back until then goes on from where it was.
	forgetAfter = 24 * time.Hour
	// maxLookback bounds the samples that one question gets after a long pause.
	// Counters are cumulative, so nothing is lost but resets before that.
	maxLookback = time.Hour
)

// ErrCursor means that a cursor cannot be used: it is damaged, or it is of
// another configuration. Starting afresh would lose events silently.
var ErrCursor = errors.New("the cursor cannot be used")

// cursor is where counting stands. It holds the last counted sample of each
// series, because a sample may arrive in Prometheus long after its time, and
// none may be lost or counted twice for that.
type cursor struct {
	Version int    `json:"v"`
	Config  string `json:"config"`
	// Through is the time, in Unix milliseconds, to which both arms were counted;
	// 0 when there was nothing to count yet.
	Through int64 `json:"through"`
	// Latencies holds the bounds by metric.
	Latencies map[string]latency `json:"latencies,omitempty"`
	// Metrics holds, by metric, the last counted sample of each series.
	Metrics map[string]map[string]sample `json:"metrics"`
}

// latency is the bound that was found for a threshold.
type latency struct {
	bound
	// For is the threshold, in nanoseconds.
	For time.Duration `json:"for"`
}

// sample is what one series stood at: All counts its events, Part those of one
// kind, the bad ones for counters, those within the bound for a histogram. Both
// only grow, unless the process begins anew.
type sample struct {
	At        int64
	All, Part float64
}

// MarshalJSON writes a sample as a list, since a cursor may hold thousands.
func (s sample) MarshalJSON() ([]byte, error) {
	return json.Marshal([3]any{s.At, s.All, s.Part})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *sample) UnmarshalJSON(raw []byte) error {
	var parts []json.Number
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if len(parts) != 3 {
		return fmt.Errorf("a sample has %d parts and not 3", len(parts))
	}
	var errs [3]error
	s.At, errs[0] = parts[0].Int64()
	s.All, errs[1] = parts[1].Float64()
	s.Part, errs[2] = parts[2].Float64()
	return errors.Join(errs[:]...)
}

func (p *plan) openCursor(raw json.RawMessage) (cursor, error) {
	c := cursor{Version: cursorVersion, Config: p.id, Latencies: map[string]latency{}, Metrics: map[string]map[string]sample{}}
	if len(raw) == 0 {
		return c, nil
	}
	var old cursor
	if err := json.Unmarshal(raw, &old); err != nil {
		return c, fmt.Errorf("%w: it is damaged: %w", ErrCursor, err)
	}
	switch {
	case old.Version != cursorVersion:
		return c, fmt.Errorf("%w: its format is %d and this version reads %d", ErrCursor, old.Version, cursorVersion)
	case old.Config != p.id:
		return c, fmt.Errorf("%w: it was made with another configuration of this signal", ErrCursor)
	case old.Metrics == nil:
		return c, fmt.Errorf("%w: it holds no metrics", ErrCursor)
	}
	if old.Latencies == nil {
		old.Latencies = map[string]latency{}
	}
	return old, nil
}

// size counts the series that the cursor holds.
func (c cursor) size() int {
	n := 0
	for _, series := range c.Metrics {
		n += len(series)
	}
	return n
}

// from says from when on samples are needed: from the oldest one that a living
// series was counted to, so that what arrived late is there as well.
func (c cursor) from(until time.Time, staleAfter time.Duration) time.Time {
	oldest := until.Add(-staleAfter).UnixMilli()
	if c.Through > 0 {
		oldest = until.UnixMilli()
	}
	alive := c.Through - staleAfter.Milliseconds()
	for _, series := range c.Metrics {
		for _, s := range series {
			if s.At >= alive {
				oldest = min(oldest, s.At)
			}
		}
	}
	return time.UnixMilli(max(oldest, until.Add(-maxLookback).UnixMilli()))
}

// forget drops what has been gone for long.
func (c cursor) forget(until time.Time) {
	for _, series := range c.Metrics {
		for key, s := range series {
			if s.At < until.Add(-forgetAfter).UnixMilli() {
				delete(series, key)
			}
		}
	}
}
