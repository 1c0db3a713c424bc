package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// cursorVersion is the format of cursors. A cursor of another one is refused.
const cursorVersion = 1

// again is for how long a minute that was counted is asked for once more, since its
// sums may still grow.
const again = 15 * time.Minute

// ErrCursor means that a cursor cannot be used: it is damaged, or it is of another
// configuration. Starting afresh would lose events silently.
var ErrCursor = errors.New("the cursor cannot be used")

// arms in the order in which answers list them.
var arms = []target.Arm{target.Baseline, target.Canary}

// cursor is where counting stands. Times are Unix seconds, at whole minutes.
type cursor struct {
	Version int    `json:"v"`
	Config  string `json:"config"`
	// Begin is the first minute that counts, Through the end of the last one.
	Begin   int64 `json:"begin"`
	Through int64 `json:"through"`
	// Minutes holds what was counted of the last minutes, by what was counted.
	Minutes map[string]map[int64]tally `json:"minutes"`
}

// tally is what was counted of one minute: all events, and the bad ones.
type tally struct{ All, Bad float64 }

// MarshalJSON writes a tally as a list, since a cursor holds many.
func (t tally) MarshalJSON() ([]byte, error) { return json.Marshal([2]float64{t.All, t.Bad}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *tally) UnmarshalJSON(raw []byte) error {
	var parts []float64
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return fmt.Errorf("a minute has %d numbers and not 2", len(parts))
	}
	t.All, t.Bad = parts[0], parts[1]
	return nil
}

// key names what is counted: a metric of an arm that has this name, with its
// threshold.
func key(q query, arm target.Arm, name string) string {
	return fmt.Sprintf("%s/%s/%s/%d", q.metric.name, arm, name, q.slowerThan)
}

// openCursor reads a cursor, or begins one with the first whole minute.
func (p *plan) openCursor(raw json.RawMessage, since time.Time) (cursor, error) {
	c := cursor{Version: cursorVersion, Config: p.id, Minutes: map[string]map[int64]tally{}}
	if len(raw) == 0 {
		c.Begin = since.Add(period - time.Nanosecond).Truncate(period).Unix()
		c.Through = c.Begin
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
	case old.Begin <= 0 || old.Through < old.Begin || old.Minutes == nil:
		return c, fmt.Errorf("%w: it says not where counting stands", ErrCursor)
	}
	return old, nil
}

// from says from when on minutes are needed.
func (c cursor) from(p *plan) time.Time {
	through := time.Unix(c.Through, 0)
	return through.Add(-max(again, p.staleAfter))
}

// forget drops minutes that are not asked for again.
func (c cursor) forget() {
	for name, minutes := range c.Minutes {
		for at := range minutes {
			if at < c.Through-int64(again.Seconds()) {
				delete(minutes, at)
			}
		}
		if len(minutes) == 0 {
			delete(c.Minutes, name)
		}
	}
}

// clone copies what a look changes.
func (c cursor) clone() cursor {
	out := c
	out.Minutes = map[string]map[int64]tally{}
	for name, minutes := range c.Minutes {
		out.Minutes[name] = map[int64]tally{}
		for at, t := range minutes {
			out.Minutes[name][at] = t
		}
	}
	return out
}
