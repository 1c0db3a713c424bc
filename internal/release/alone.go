package release

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Memory keeps what the drivers of one process knew of rollouts that they left open, so
// that a way back begins although the ledger is away: the record of what is to be brought
// back is in the ledger alone otherwise. The zero value is ready. It is safe for
// concurrent use.
type Memory struct {
	mu   sync.Mutex
	left map[Key]*driver
	// id is the ledger's UUID, empty until it was asked for.
	id string
}

// Has reports whether an open rollout of the release is remembered.
func (m *Memory) Has(key Key) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left[key] != nil
}

// keep remembers a driver whose run is over, if its rollout is open or records of it are
// not in the ledger yet. One that lost its fence knows less than whoever drives since, and
// is forgotten.
func (m *Memory) keep(d *driver, err error) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var fenced *ledger.FencedError
	if !d.spool.pending() && (d.h.Open() == nil || errors.As(err, &fenced)) {
		delete(m.left, d.key)
		return
	}
	if m.left == nil {
		m.left = map[Key]*driver{}
	}
	m.left[d.key] = d
}

// take hands out what is remembered, once.
func (m *Memory) take(key Key) *driver {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.left[key]
	delete(m.left, key)
	return d
}

// takeOrRecall is take for a run that goes on. What this process remembers stands in for
// a ledger that is away: it was true when the ledger was last read, and from there on
// nothing but a way back can follow.
func (e *Engine) takeOrRecall(ctx context.Context, key Key) (*driver, error) {
	known := e.Memory.take(key)
	if known == nil {
		return e.take(ctx, key, false)
	}
	short, cancel := context.WithTimeout(ctx, revertPatience)
	defer cancel()
	d, err := e.take(short, key, false)
	switch {
	case err == nil && known.spool.path() == "" && known.spool.pending():
		// What was never written beside the process is in its memory alone.
		d.spool.entries = known.spool.entries
		if err = d.reload(ctx); err == nil {
			return d, nil
		}
		d.release(ctx)
	case err == nil:
		return d, nil
	case ctx.Err() == nil && away(err) && known.h.Open() != nil:
		known.graceEnd, known.due, known.warnings, known.stale, known.seenRevert = time.Time{}, time.Time{}, nil, true, 0
		known.forgetTarget()
		return known, nil
	}
	e.Memory.keep(known, nil)
	return nil, err
}

// away reports whether an error is that of a ledger that cannot be asked, and no answer
// of one that can.
func away(err error) bool {
	var held *ledger.HeldError
	var corrupt *ledger.CorruptError
	return err != nil && !known(err) && !errors.As(err, &held) && !errors.As(err, &corrupt) &&
		!errors.Is(err, errAgain) && !errors.Is(err, ErrUnknown) && !errors.Is(err, ledger.ErrInvalid)
}

// asked passes on what the ledger answered, and notes where it did not, or takes no
// records any more since it is moved.
func (d *driver) asked(err error) error {
	var sealed *ledger.SealedError
	if errors.As(err, &sealed) {
		d.sealed = true
	}
	if away(err) || sealed != nil {
		d.trouble = err
	}
	return err
}

// stillSealed asks whether a ledger that took no records takes some again. Nothing is
// written before the answer, since whoever goes forward does so by another ledger.
func (d *driver) stillSealed(ctx context.Context) error {
	if !d.sealed || !d.e.Steady || d.goingBack() {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, revertPatience)
	defer cancel()
	s, err := ledger.SealingOf(short, d.e.Ledger)
	d.sealed = s != nil || err != nil
	if s != nil {
		err = &ledger.SealedError{Sealing: *s}
	}
	return d.asked(err)
}

// alone reports whether the run goes on without its ledger, because err says that it is
// away or moved. It is told once, and again when the ledger was there in between.
func (d *driver) alone(ctx context.Context, err error) bool {
	if !d.e.Steady || ctx.Err() != nil || d.trouble == nil || !errors.Is(err, d.trouble) {
		return false
	}
	if !d.isAlone && d.e.Hooks.Away != nil {
		d.e.Hooks.Away(d.key, err)
	}
	d.isAlone, d.stale, d.trouble = true, true, nil
	return true
}

// lookAlone is one turn of a driver whose ledger is away or moved. Nothing goes forward and the
// target is only looked at, not even its dead-man switch is renewed, since somebody else
// may drive by now. A look that finds harm is spooled, and what follows is a way back,
// which needs no ledger. Any other look is forgotten: it is made again, over all that
// happened since the last one that is in the record.
func (d *driver) lookAlone(ctx context.Context, decision Decision, cause error) error {
	d.leaveLine()
	if d.leaves(decision) {
		return errLeft
	}
	now, interval := d.e.Clock.Now(), d.h.Open().Spec.Strategy.Analysis.Interval.Std()
	if d.exposed() && !within(now, later(d.h.Open().TickAt, d.lookedAlone), interval) {
		d.lookedAlone = now
		if err := d.openTarget(ctx, decision); err != nil {
			return err
		}
		d.unrecorded = cause
		err := d.timed(ctx)
		d.unrecorded = nil
		if err != nil && !errors.Is(err, cause) && !errors.Is(err, errAgain) {
			return err
		}
		if d.spool.pending() {
			return nil
		}
	}
	return d.wait(ctx, d.e.Clock.Now().Add(min(interval, 2*revertPatience)))
}

// exposed is whether users may be on the new artifact of a rollout that goes forward.
func (d *driver) exposed() bool {
	r := d.h.Open()
	if r.Analysis == nil || r.applied < 0 || r.Spec.Mode == Observe || r.Spec.Format > SpecFormat {
		return false
	}
	return r.State == Stepping || r.State == Paused || r.State == Baking
}

// ledgerID is the ledger's UUID, which is asked for once in the life of a memory: the way
// back must not wait for an answer that was given before.
func (e *Engine) ledgerID(ctx context.Context) (string, error) {
	m := e.Memory
	if m == nil {
		return e.Ledger.ID(ctx)
	}
	m.mu.Lock()
	id := m.id
	m.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := e.Ledger.ID(ctx)
	if err == nil {
		m.mu.Lock()
		m.id = id
		m.mu.Unlock()
	}
	return id, err
}
