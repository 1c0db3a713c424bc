package agent_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// elsewhere is a ledger whose store's clock is ahead of this machine's.
type elsewhere struct {
	ledger.Ledger
	ahead *atomic.Int64
}

func (e elsewhere) StoreClock() ledger.Reading {
	now := time.Now()
	return ledger.Reading{Store: now.Add(time.Duration(e.ahead.Load())), Asked: now, Answered: now}
}

// An agent whose clock is wrong says so once, moves nothing forward and goes back all the
// same; with its clock set it goes on.
func TestAnAgentWhoseClockIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	var ahead atomic.Int64
	ahead.Store(int64(10 * time.Minute))
	w.begin(keyOf(0), good)
	w.begin(keyOf(1), good)
	a := w.run("a", func(o *agent.Options) { o.Ledger = elsewhere{w.ledger, &ahead} })
	w.until("the gates have answered", func() bool {
		return w.history(keyOf(0)).Open().Gates != nil && w.history(keyOf(1)).Open().Gates != nil
	})
	if err := w.engine(w.ledger, "kim").RequestAbort(t.Context(), keyOf(1), release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
		t.Fatal(err)
	}
	w.until("the abort is carried out", w.ended(keyOf(1), 1))
	if r := w.history(keyOf(0)).Open(); r == nil || r.Weight > 0 {
		t.Errorf("something went forward: %+v", w.history(keyOf(0)).Last())
	}
	if page := scrape(t, a, "/metrics"); !strings.Contains(page, "\nsluice_agent_clock_skew_seconds 600") && !strings.Contains(page, "\nsluice_agent_clock_skew_seconds 599.9") {
		t.Error("the metrics do not say how far the clocks are apart")
	}
	if n := strings.Count(a.log.String(), "level=ERROR msg=\"the clock is wrong, and nothing goes forward from here until it is set\" trouble=\"this machine's clock is 10m behind"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
	ahead.Store(0)
	w.until("the rollout ends", w.ended(keyOf(0), 1))
	if r := w.history(keyOf(0)).Last(); r.State != release.Succeeded || !strings.Contains(a.log.String(), "ledger's store again") {
		t.Errorf("%s; the log does not say that the clock is set, or it did not go on", r.State)
	}
}
