package haproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// cursorVersion is the format of cursors. A cursor of another one is refused.
const cursorVersion = 1

// ErrCursor means that a cursor cannot be used: it is damaged, or it is of
// another configuration. Starting afresh would lose events silently.
var ErrCursor = errors.New("the cursor cannot be used")

// cursor is where each server stood when it was last counted.
type cursor struct {
	Version int    `json:"v"`
	Config  string `json:"config"`
	// Process is the HAProxy that counted; the next one begins at zero.
	Process string           `json:"process"`
	Servers map[string]stand `json:"servers"`
}

// stand is what one server's counters stood at.
type stand struct {
	Total int64 `json:"t"`
	Bad   int64 `json:"b"`
}

func (s *source) open(raw json.RawMessage) (cursor, error) {
	var c cursor
	if len(raw) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%w: it is damaged: %w", ErrCursor, err)
	}
	switch {
	case c.Version != cursorVersion:
		return c, fmt.Errorf("%w: its format is %d and this version reads %d", ErrCursor, c.Version, cursorVersion)
	case c.Config != s.id:
		return c, fmt.Errorf("%w: it was made with another configuration of this signal", ErrCursor)
	case c.Process == "" || c.Servers == nil:
		return c, fmt.Errorf("%w: it holds no counters", ErrCursor)
	}
	return c, nil
}

// Counts implements signal.Source in one conversation with HAProxy. The
// statistics cannot look back: the events up to now are counted, even where
// Until is past. What happened between the last look and the end of a process of
// HAProxy is not known to anybody; Resets tells that it was so.
func (s *source) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	for i, q := range req.Queries {
		switch err := known(q.Metric); {
		case err != nil:
			return signal.Counts{}, err
		case q.SlowerThan != 0:
			return signal.Counts{}, fmt.Errorf("the metric %q counts errors and takes no threshold; %s was given", q.Metric, q.SlowerThan)
		case i > 0:
			return signal.Counts{}, fmt.Errorf("the metric %q is asked for twice", q.Metric)
		}
	}
	old, err := s.open(req.Cursor)
	if err != nil {
		return signal.Counts{}, err
	}
	now := s.clock.Now()
	v, err := s.site.Read(ctx)
	if err != nil {
		return signal.Counts{}, fmt.Errorf("unable to read the statistics of HAProxy at %s: %w", s.site.Client.Socket(), err)
	}
	baseline, canary, err := v.Roles()
	if err != nil {
		return signal.Counts{}, fmt.Errorf("unable to tell the arms apart: %w", err)
	}
	out := signal.Counts{Primed: len(req.Cursor) > 0, CompleteThrough: now}
	if !req.Until.IsZero() && req.Until.Before(now) {
		out.CompleteThrough = req.Until
	}
	next, since, resets := old.advance(v)
	next.Config = s.id
	if out.Primed {
		out.Resets = resets
		for range req.Queries {
			count(&out, target.Baseline, baseline, since)
			count(&out, target.Canary, canary, since)
		}
	}
	out.Cursor, err = json.Marshal(next)
	return out, err
}

func count(out *signal.Counts, arm target.Arm, g haproxy.Group, since map[haproxy.Group]stand) {
	if g == "" {
		out.Missing = append(out.Missing, signal.Missing{Metric: Errors, Arm: arm, Reason: fmt.Sprintf("HAProxy has no servers in the %s arm now", arm)})
		return
	}
	n := since[g]
	out.Counts = append(out.Counts, signal.Count{Metric: Errors, Arm: arm, Bad: float64(n.Bad), Total: float64(n.Total)})
}

// advance moves the cursor to what HAProxy says now, and gives what happened
// since in each group. All servers are followed, also those in no arm, so that
// an arm that comes back begins with what happens then.
func (c cursor) advance(v haproxy.View) (next cursor, since map[haproxy.Group]stand, resets int) {
	next = cursor{Version: cursorVersion, Process: v.Process, Servers: map[string]stand{}}
	since = map[haproxy.Group]stand{}
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		for _, srv := range v.All(g) {
			is, was := stand{srv.Counters.Total, srv.Counters.Bad}, c.Servers[srv.ID()]
			if c.Process != v.Process || is.Total < was.Total || is.Bad < was.Bad {
				if was != (stand{}) {
					resets++
				}
				was = stand{}
			}
			next.Servers[srv.ID()] = is
			sum := since[g]
			since[g] = stand{sum.Total + is.Total - was.Total, sum.Bad + is.Bad - was.Bad}
		}
	}
	return next, since, resets
}
