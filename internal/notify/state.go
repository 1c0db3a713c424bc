package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// StateKind is the kind of the objects that say whether a notification's deliveries
// fail. One is written when they begin to, when they succeed again, and at most once an
// hour when they fail otherwise; never for a single delivery.
const StateKind = "notification_state"

// State is the content of such an object.
type State struct {
	// Since is when deliveries began to fail; zero when they do not.
	Since time.Time `json:"since,omitzero"`
	// Error is why, At when that was found, and Event the id of what was not taken.
	Error string    `json:"error,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Event string    `json:"event,omitempty"`
	// By is who tried.
	By string `json:"by,omitempty"`
	// Skipped is the last event that a person passed over.
	Skipped *Skipped `json:"skipped,omitempty"`
}

// Skipped is an event that a person passed over, and why.
type Skipped struct {
	Event  string    `json:"event"`
	Type   string    `json:"type"`
	Stream string    `json:"stream"`
	Seq    uint64    `json:"seq"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// restate is how often another error of the same failure is written at most.
const restate = time.Hour

// maxError bounds the text that is kept, in bytes.
const maxError = 500

// StateOf reads whether deliveries fail. A notification that never failed has the zero
// State.
func StateOf(ctx context.Context, l ledger.Ledger, name string) (State, uint64, error) {
	o, err := ledger.GetObject(ctx, l, StateKind, name)
	if errors.Is(err, ledger.ErrNotFound) {
		return State{}, 0, nil
	}
	if err != nil {
		return State{}, 0, err
	}
	var s State
	if err := json.Unmarshal(o.Content, &s); err != nil {
		return State{}, 0, fmt.Errorf("unable to read how deliveries of the notification %q went: %w", name, err)
	}
	return s, o.Revision, nil
}

// note writes down that a delivery failed, or with nil that one succeeded, where that
// changes anything.
func (d *Deliverer) note(ctx context.Context, name string, failed *sendError) error {
	d.mu.Lock()
	seen, known := d.states[name]
	d.mu.Unlock()
	for {
		if !known {
			var err error
			if seen.state, seen.revision, err = StateOf(ctx, d.Ledger, name); err != nil {
				return err
			}
		}
		next, changed := seen.state.after(failed, d.Clock.Now(), d.Actor)
		if !changed {
			break
		}
		content, err := json.Marshal(next)
		if err != nil {
			return err
		}
		o, err := ledger.PutObject(ctx, d.Ledger, ledger.Put{
			Kind: StateKind, Name: name, Expected: seen.revision, Content: content, Actor: d.Actor, At: d.Clock.Now(),
		})
		var conflict *ledger.ConflictError
		if errors.As(err, &conflict) && known {
			// Somebody else wrote since this deliverer last looked.
			known = false
			continue
		}
		if err != nil {
			return err
		}
		seen = stated{next, o.Revision}
		break
	}
	d.mu.Lock()
	d.states[name] = seen
	d.mu.Unlock()
	return nil
}

// stated is a state and the revision that has it.
type stated struct {
	state    State
	revision uint64
}

// after is the state behind one more delivery, and whether that is worth a record.
func (s State) after(failed *sendError, now time.Time, by string) (State, bool) {
	if failed == nil {
		return State{Skipped: s.Skipped}, !s.Since.IsZero()
	}
	text := failed.Error()
	if len(text) > maxError {
		text = text[:maxError]
	}
	next := State{Since: s.Since, Error: text, At: now.UTC(), Event: failed.event, By: by, Skipped: s.Skipped}
	if s.Since.IsZero() {
		next.Since = now.UTC()
		return next, true
	}
	return next, s.Error != text && now.Sub(s.At) >= restate
}
