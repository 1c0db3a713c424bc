package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// pollEvery is how often the ledger is read while a rollout goes on.
const pollEvery = 200 * time.Millisecond

// follower shows a rollout while another process drives it. It only reads the
// ledger, as anybody may.
type follower struct {
	s *stage
	// history is what the ledger said so far, after the rollout that was there before.
	history *release.History
	// after is the number of the last rollout that is not shown.
	after int
	// last is the bar that was shown last, so that nothing is said twice.
	last string
}

// follow shows the rollout that opens from now on until the function that it
// returns is called, which waits for the last line.
func (s *stage) follow() func() {
	if s.stopped() {
		return func() {}
	}
	f := &follower{s: s, history: release.NewHistory(checkout)}
	if h, err := s.history(); err == nil && h.Last() != nil {
		f.after = h.Last().Number
	}
	ctx, stop := context.WithCancel(s.ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for s.clock.Sleep(ctx, pollEvery) == nil {
			f.look(ctx)
		}
		f.look(s.ctx)
	})
	return func() {
		stop()
		done.Wait()
	}
}

// look reads what is new. A ledger that is not there yet, or busy, is read again.
func (f *follower) look(ctx context.Context) {
	l, err := f.s.openLedger(ctx)
	if err != nil {
		return
	}
	records, err := l.Read(ctx, checkout.Stream(), f.history.Seq+1)
	if errors.Join(err, l.Close()) != nil {
		return
	}
	for _, rec := range records {
		if f.history.Add(rec) != nil {
			return
		}
		if line := f.line(rec); line != "" {
			f.s.out.step(line)
		}
	}
	f.bar()
}

// bar shows where the rollout stands. Off the terminal it says so only when the
// weight or the state has changed.
func (f *follower) bar() {
	r := f.history.Last()
	if r == nil || r.Number <= f.after {
		return
	}
	mark := fmt.Sprint(r.Number, r.State, r.Weight)
	if mark == f.last && (!f.s.out.terminal || r.State.Final()) {
		return
	}
	f.last = mark
	shown := *r
	if r.State == release.Succeeded {
		// A repair takes the canary away, so its last weight is 0; what succeeded has
		// all the traffic.
		shown.Weight = 100
	}
	line := cli.ProgressLine(&shown, f.s.clock.Now(), f.s.out.columns()-3)
	if r.State.Final() {
		f.s.out.step(line)
		return
	}
	f.s.out.progress(line)
}

// line says what a record means for people: a step that passed, harm that was
// found. Everything else is in the bar.
func (f *follower) line(rec ledger.Record) string {
	r := f.history.Last()
	if r == nil || r.Number <= f.after {
		return ""
	}
	switch {
	case rec.Kind == release.KindStepPassed && r.LastTick != nil && r.LastTick.Verdict != nil:
		return fmt.Sprintf("%3g %%  %s", r.LastTick.Weight, counted(r, *r.LastTick.Verdict))
	case rec.Kind == release.KindTick:
		var b release.TickBody
		if json.Unmarshal(rec.Body, &b) == nil && b.Verdict != nil && b.Verdict.Kind == judge.Harm {
			return fmt.Sprintf("%3g %%  %s", b.Weight, counted(r, *b.Verdict))
		}
	}
	return ""
}

// counted writes a verdict with the counts of the metric that leads it.
func counted(r *release.Rollout, v judge.Verdict) string {
	lead := leading(v)
	if lead == nil {
		return string(v.Kind)
	}
	text := fmt.Sprintf("%s: %s %.0f of %.0f on %s", v.Kind, lead.Metric, lead.BadCanary, lead.TotalCanary, r.Spec.Payload.Version)
	if r.Baseline != nil && lead.TotalBaseline > 0 {
		text += fmt.Sprintf(", %.0f of %.0f on %s", lead.BadBaseline, lead.TotalBaseline, r.Baseline.Version)
	}
	return text
}

// leading is the metric with the most evidence of harm where that is the verdict,
// and the first critical one otherwise.
func leading(v judge.Verdict) *judge.Evidence {
	var lead *judge.Evidence
	for i := range v.Metrics {
		m := &v.Metrics[i]
		switch {
		case lead == nil:
			lead = m
		case v.Kind == judge.Harm && m.EHarm > lead.EHarm, v.Kind != judge.Harm && m.Critical && !lead.Critical:
			lead = m
		}
	}
	return lead
}

// openLedger opens the demo's ledger for reading alone.
func (s *stage) openLedger(ctx context.Context) (ledger.Ledger, error) {
	return ledgers.Open(ctx, s.ledgerURL(), ledgers.Options{ReadOnly: true, Clock: s.clock})
}

// history folds what the ledger says of the release now.
func (s *stage) history() (*release.History, error) {
	h, _, err := s.records()
	return h, err
}

// records reads the release's stream, and folds it.
func (s *stage) records() (h *release.History, records []ledger.Record, err error) {
	l, err := s.openLedger(s.ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if records, err = l.Read(s.ctx, checkout.Stream(), 1); err != nil {
		return nil, nil, err
	}
	h, err = release.Fold(checkout, records)
	return h, records, err
}

// lastRollout checks what the ledger says of the newest rollout, and returns it.
func (s *stage) lastRollout(number int, kind release.Kind, state release.State) *release.Rollout {
	if s.stopped() {
		return nil
	}
	told := fmt.Sprintf("the ledger says: rollout %d, %s, %s", number, kind, strings.ReplaceAll(string(state), "_", " "))
	h, err := s.history()
	if err != nil {
		s.fail(told, err.Error(), "")
		return nil
	}
	r := h.Last()
	if r == nil {
		s.fail(told, "the ledger has no rollout", "")
		return nil
	}
	s.expect(told, r.Number == number && r.Kind == kind && r.State == state,
		fmt.Sprintf("rollout %d, %s, %s, %s", r.Number, r.Kind, r.State, r.Reason))
	return r
}
