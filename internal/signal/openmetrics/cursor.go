package openmetrics

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// cursorVersion is the format of cursors. A cursor of another one is refused.
const cursorVersion = 1

// ErrCursor means that a cursor cannot be used: it is damaged, or it is of
// another configuration. Starting afresh would lose events silently.
var ErrCursor = errors.New("the cursor cannot be used")

// cursor is what the counters stood at when they were last counted.
type cursor struct {
	Version int    `json:"v"`
	Config  string `json:"config"`
	// Metrics holds an entry per metric and arm that was read at least once. An
	// arm without series has an entry too: what appears later began at zero.
	Metrics map[string]map[target.Arm]position `json:"metrics"`
}

// position is where one metric of one arm stands.
type position struct {
	Bound  float64          `json:"bound,omitempty"`
	Series map[string]state `json:"series"`
}

func (p *plan) openCursor(raw json.RawMessage) (cursor, error) {
	c := cursor{Version: cursorVersion, Config: p.id, Metrics: map[string]map[target.Arm]position{}}
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
	return old, nil
}

// size counts the series that the cursor holds.
func (c cursor) size() int {
	n := 0
	for _, byArm := range c.Metrics {
		for _, pos := range byArm {
			n += len(pos.Series)
		}
	}
	return n
}

// advance moves a position to what was read now, and says what happened in
// between. Series that are gone stay where they were: one that comes back goes
// on from there, or has been reset if it is lower.
func (pos position) advance(now reading) (next position, all, part float64, resets int) {
	next = position{Bound: now.bound, Series: make(map[string]state, len(pos.Series)+len(now.series))}
	for key, old := range pos.Series {
		next.Series[key] = old
	}
	for key, st := range now.series {
		old, known := pos.Series[key]
		if known && st.resetSince(old) {
			resets++
			old = state{}
		}
		all += st.All - old.All
		part += st.Part - old.Part
		next.Series[key] = st
	}
	return next, all, part, resets
}

// resetSince says whether the series began anew. Counters never go down, so a
// lower value is a reset; a later creation is one whatever the value.
func (s state) resetSince(old state) bool {
	return s.All < old.All || s.Part < old.Part || (old.Created != 0 && s.Created > old.Created)
}
