package release_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// schedule lets two drivers share one world, one of them at a time. A driver
// gives the turn away before each call to the ledger or the target and whenever it
// sleeps; who goes on then is what the schedule says, so a schedule always gives
// the same run. A driver that goes on though its sleep is not over moves the clock
// to the end of it: to the other one this is a pause of its own process.
type schedule struct {
	w       *world
	drivers [2]*player
	turn    chan struct{}
	// switches are the numbers of the choices at which the other driver goes on.
	// choices counts those that there were.
	switches []int
	choices  int
	// fair lets the driver go on whose sleep ends first, whatever the switches say.
	fair bool
}

// player is one driver of a schedule.
type player struct {
	s    *schedule
	name string
	wake time.Time
	// skew is by how much the driver's clock is ahead of the world's.
	skew   time.Duration
	goOn   chan struct{}
	done   bool
	engine *release.Engine
	out    release.Outcome
	err    error
}

// play is what a driver does with its engine.
type play func(ctx context.Context, e *release.Engine) (release.Outcome, error)

// ports are the calls before which the turn is given away. Reading the lease is
// none of them: a swap that follows finds out what has changed since. Those of the
// checkpoint at the end touch no release.
var ports = []string{"append", "read", "swap_lease", "observe", "prepare", "apply", "renew", "complete", "revert", "finalize"}

func newSchedule(w *world, switches []int, plays [2]play) *schedule {
	s := &schedule{w: w, switches: switches, turn: make(chan struct{})}
	for i, do := range plays {
		p := &player{s: s, name: []string{"anna", "ben"}[i], goOn: make(chan struct{})}
		p.engine = w.engine(p.name, func(op, phase string) error {
			if phase == "before" && slices.Contains(ports, op) {
				p.pass(time.Time{})
			}
			return nil
		})
		p.engine.Clock = p
		s.drivers[i] = p
		go func() {
			<-p.goOn
			p.out, p.err = do(context.Background(), p.engine)
			p.done = true
			s.turn <- struct{}{}
		}()
	}
	return s
}

// pass gives the turn away until it is the player's again, which has slept until
// the instant by then.
func (p *player) pass(wake time.Time) {
	p.wake = wake
	p.s.turn <- struct{}{}
	<-p.goOn
}

// Now implements clock.Clock.
func (p *player) Now() time.Time { return p.s.w.clock.Now().Add(p.skew) }

// Sleep implements clock.Clock.
func (p *player) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	p.pass(p.s.w.clock.Now().Add(d))
	return ctx.Err()
}

// run plays both drivers to their ends.
func (s *schedule) run() {
	now, other := s.drivers[0], s.drivers[1]
	for {
		switch {
		case now.done && other.done:
			return
		case now.done:
			now, other = other, now
		case !other.done:
			if slices.Contains(s.switches, s.choices) || s.fair && other.wake.Before(now.wake) {
				now, other = other, now
			}
			s.choices++
		}
		if now.wake.After(s.w.clock.Now()) {
			s.w.clock.Set(now.wake)
		}
		now.goOn <- struct{}{}
		<-s.turn
	}
}

// everySchedule runs all schedules with at most so many switches, at every place
// where there is a choice, and returns how many there were. try plays one and
// says how many choices it had.
func everySchedule(most int, try func(switches []int) (choices int)) int {
	count := 0
	var extend func(switches []int)
	extend = func(switches []int) {
		count++
		choices := try(switches)
		if len(switches) == most {
			return
		}
		from := 0
		if n := len(switches); n > 0 {
			from = switches[n-1] + 1
		}
		for at := from; at < choices; at++ {
			extend(append(slices.Clone(switches), at))
		}
	}
	extend(nil)
	return count
}

// everyPrefix runs all schedules whose first so many choices are made in every
// possible way, after which each driver goes on to its end.
func everyPrefix(depth int, try func(switches []int) (choices int)) int {
	for bits := range 1 << depth {
		var switches []int
		for at := range depth {
			if bits>>at&1 == 1 {
				switches = append(switches, at)
			}
		}
		try(switches)
	}
	return 1 << depth
}

func (s *schedule) String() string {
	return fmt.Sprintf("turns change at %v of %d", s.switches, s.choices)
}
