package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// checkout is the release that the story is about.
var checkout = release.Key{Service: "checkout", Environment: "production"}

// stage is where the story plays. Once something came out otherwise than told, its
// methods do nothing more, so that a chapter reads from top to bottom.
type stage struct {
	ctx      context.Context
	clock    clock.Clock
	out      *printer
	programs programs
	// work is a folder of the demo's own: config is the copy of the example in it.
	work, config string
	env          []string
	lab          *labProcess

	began   time.Time
	checks  int
	problem *problem
}

// problem is what came out otherwise.
type problem struct {
	told, came string
	// output is what the last program said.
	output string
}

func newStage(ctx context.Context, clk clock.Clock, out *printer, p programs, work string) *stage {
	return &stage{ctx: ctx, clock: clk, out: out, programs: p, work: work, began: clk.Now()}
}

// play tells the chapters in order.
func (s *stage) play() {
	s.prepare()
	for i, c := range []struct {
		title string
		tell  func()
	}{
		{"A first release", s.firstRelease},
		{"A new version, step by step", s.canary},
		{"A bad version, and back", s.harm},
		{"A freeze, which holds up everything but a rollback", s.freeze},
		{"Somebody changes it by hand", s.drift},
		{"The record", s.record},
	} {
		if s.stopped() {
			return
		}
		s.out.chapter(i+1, c.title)
		c.tell()
	}
}

// stopped is true once there is no point in going on.
func (s *stage) stopped() bool { return s.problem != nil || s.ctx.Err() != nil }

// expect checks one thing that the story tells. came says what was there instead.
func (s *stage) expect(told string, ok bool, came string) {
	if s.stopped() {
		return
	}
	if ok {
		s.checks++
		s.out.ok(told)
		return
	}
	s.fail(told, came, "")
}

// fail stops the story.
func (s *stage) fail(told, came, output string) {
	if s.stopped() {
		return
	}
	s.problem = &problem{told: told, came: came, output: output}
}

// say tells something, if the story still goes on.
func (s *stage) say(text string) {
	if !s.stopped() {
		s.out.say(text)
	}
}

// report ends the story and gives the exit code.
func (s *stage) report() int {
	took := s.clock.Now().Sub(s.began).Round(time.Second)
	switch {
	case s.problem != nil:
		s.out.failure(fmt.Sprintf("This came out otherwise than told.\n\n  told  %s\n  came  %s", s.problem.told, s.problem.came), s.problem.output)
		return 1
	case s.ctx.Err() != nil:
		s.out.failure("Stopped from outside. Everything that the demo started is gone.", "")
		return 1
	}
	s.out.end(fmt.Sprintf("Everything came out as told: %d checks in %s.", s.checks, took))
	return 0
}
