package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// MaxSkew is the difference between this machine's clock and that of the ledger's store
// beyond which nothing goes forward: windows and approvals would be judged by an hour
// that it is not. What goes back asks no clock, and neither does a lease.
const MaxSkew = 5 * time.Minute

// clockGate is the name under which the clocks answer beside the gates. They have a line
// only where they are apart.
const clockGate = "clock"

// Stamp is when somebody wrote something, by their own clock.
type Stamp struct {
	At time.Time
	By string
	// Hash is the record's, empty for one that is not in the ledger yet.
	Hash string
}

func stampOf(rec ledger.Record) Stamp {
	s := Stamp{At: rec.At, By: rec.Actor, Hash: rec.Hash}
	if rec.Prev == "" {
		// It was spooled, and gets its place in the chain when the ledger is back.
		s.Hash = ""
	}
	return s
}

// ask asks all gates about a rollout, and whether the clock by which they answer can be
// trusted.
func (e *Engine) ask(ctx context.Context, subject gate.Subject, h *History, at time.Time) []gate.Result {
	// Gates read the ledger, too, and one that is not answered does not pass.
	patient, cancel := context.WithTimeout(ctx, ledgerPatience*e.callTimeout())
	defer cancel()
	results := gate.CheckAll(patient, e.Gates, subject, at)
	if r, odd := e.judgeClock(h, at); odd {
		results = append(results, r)
	}
	return results
}

// judgeClock compares this machine's clock with the store's, which the store has told
// with an answer that came anyway, and with the newest record of the release. It is odd
// when they are apart.
//
// Only the store's clock is a reason to refuse. A record from the future cannot say which
// of two clocks was wrong, and one machine that is a year ahead must not stop all others
// for a year.
func (e *Engine) judgeClock(h *History, now time.Time) (r gate.Result, odd bool) {
	r = gate.Result{Gate: clockGate, Status: gate.Pass, Remedy: "set it, for example by NTP"}
	ahead, apart, known := e.skew()
	if apart > ledger.MisleadingSkew {
		if apart > MaxSkew {
			r.Status = gate.Fail
			r.Remedy += fmt.Sprintf("; more than %s is too much to go forward, and a rollback goes all the same", span(MaxSkew))
		}
		r.Reason = fmt.Sprintf("this machine's clock is %s %s that of the ledger's store: windows and approvals are judged by it", span(ahead.Abs()), beside(ahead))
		return r, true
	}
	if h == nil || h.Newest.At.Sub(now) <= ledger.MisleadingSkew {
		return r, false
	}
	r.Reason = fmt.Sprintf("the newest record, by %s, is %s in the future of this machine's clock", h.Newest.By, span(h.Newest.At.Sub(now)))
	if known {
		r.Reason += ", which is that of the ledger's store: the writer's clock was wrong"
		r.Remedy = "set the clock there, for example by NTP"
	} else {
		r.Reason += ", by which windows and approvals are judged: this clock is wrong, or the writer's was"
		r.Remedy = "set the wrong one, for example by NTP"
	}
	return r, true
}

// warnOfClock tells whoever takes a release that their clock is wrong, or somebody's.
func (d *driver) warnOfClock() {
	if r, odd := d.e.judgeClock(d.h, d.e.Clock.Now()); odd {
		d.clockTold = true
		d.warn(r.Reason + "; " + r.Remedy)
	}
}

// skew is by how much the store's clock is ahead of this machine's, and by how much the
// two are apart at the least; known is false where the store has told nothing.
func (e *Engine) skew() (ahead, apart time.Duration, known bool) {
	ahead, uncertain, known := ledger.StoreClock(e.Ledger).Skew()
	if !known {
		return 0, 0, false
	}
	return ahead, ahead.Abs() - uncertain, true
}

// clockWrong is whether this machine's clock is too wrong to judge by.
func (e *Engine) clockWrong() bool {
	_, apart, _ := e.skew()
	return apart > MaxSkew
}

// ClockTrouble says what is wrong with this machine's clock beside that of the ledger's
// store, as far as the store has told; empty when nothing is. Refused is true when
// nothing goes forward for it.
func (e *Engine) ClockTrouble() (text string, refused bool) {
	r, odd := e.judgeClock(nil, e.Clock.Now())
	if !odd {
		return "", false
	}
	return r.Reason + "; " + r.Remedy, r.Status != gate.Pass
}

// beside says where our clock is when the store's is ahead by so much.
func beside(ahead time.Duration) string {
	if ahead > 0 {
		return "behind"
	}
	return "ahead of"
}

// span writes how far clocks are apart, in seconds at the most exact.
func span(d time.Duration) string {
	return field.FormatDuration(d.Round(time.Second))
}
