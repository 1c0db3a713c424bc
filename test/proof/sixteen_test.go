//go:build unix

package proof

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
)

// processes is how many work at once.
const processes = 16

// TestSixteenProcessesLoseNothing has sixteen processes append to one ledger while faults
// strike, servers crash, and they are themselves paused until their leases are gone, and
// killed. Every record that was acknowledged is there once, where it was said to be.
func TestSixteenProcessesLoseNothing(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			appends, kills, pauses, restarts := b.appends, 6, 2, 1
			if *full > 0 {
				appends, kills, pauses, restarts = *full, 120, 40, 6
			}
			prove(t, b.name, b.start(t), appends, kills, pauses, restarts)
		})
	}
}

func prove(t *testing.T, name string, b backend, appends, kills, pauses, restarts int) {
	t.Helper()
	l := create(t, b)
	c := &crew{
		T: t, url: b.url, dir: t.TempDir(), workers: make([]*process, processes), quota: (appends + processes - 1) / processes,
		plan: plan{Lanes: 8, Chapter: 100, TTL: 250 * time.Millisecond}, dice: rand.New(rand.NewPCG(2026, 6)), //nolint:gosec // Repeatable on purpose.
	}
	var blows []blow
	add := func(n int, what blow) {
		for range n {
			blows = append(blows, what)
		}
	}
	add(kills, c.kill)
	add(pauses, c.pause)
	if b.restart != nil {
		add(restarts, b.restart)
	} else {
		restarts = 0
	}
	c.dice.Shuffle(len(blows), func(i, j int) { blows[i], blows[j] = blows[j], blows[i] })
	clk := clock.System{}
	began := clk.Now()
	c.work(blows)
	took := clk.Now().Sub(began)
	b.calm()
	ops := append(c.read(c.logs...), lookAtAll(t, l, name)...)
	began = clk.Now()
	report, err := history.Check(ops, 10*time.Minute)
	if err != nil {
		t.Error(err)
	}
	checked := clk.Now().Sub(began)
	count := judge(t, l, ops)
	if count.acknowledged < appends {
		t.Errorf("%d appends were acknowledged, of %d", count.acknowledged, appends)
	}
	if b.struck.Load() == 0 && name != "sqlite" {
		t.Error("no fault struck")
	}
	if count.fenced == 0 {
		t.Error("no append was refused for its fence, though leases changed hands")
	}
	t.Logf("%s: %d acknowledged by %d processes in %s; %d killed, %d paused, %d crashes, %d faults; %+v; %+v checked in %s",
		name, count.acknowledged, processes, took.Round(time.Millisecond), kills, pauses, restarts, b.struck.Load(), count, report, checked.Round(time.Millisecond))
	for _, f := range []struct {
		what  string
		value int
	}{
		{"acknowledged", count.acknowledged}, {"lost", count.lost}, {"doubled", count.doubled}, {"out_of_order", count.disordered},
		{"fenced", count.fenced}, {"kills", kills}, {"pauses", pauses}, {"crashes", restarts}, {"faults", int(b.struck.Load())},
		{"operations", report.Operations}, {"open", report.Open}, {"histories", report.Parts}, {"longest_history", report.Longest},
	} {
		figure(fmt.Sprintf("proof_%s_%s", name, f.what), f.value, "count")
	}
	figure("proof_"+name+"_appends", fmt.Sprintf("%.0f", float64(count.acknowledged)/took.Seconds()), "per_second")
	figure("proof_"+name+"_check", fmt.Sprintf("%.1f", checked.Seconds()), "s")
}

// lookAtAll reads everything that is there, as the last of the history.
func lookAtAll(t *testing.T, l ledger.Ledger, name string) []history.Op {
	t.Helper()
	var lines []history.Line
	rec := &history.Recorder{Ledger: l, Client: "last of " + name, Now: now, Note: func(line history.Line) { lines = append(lines, line) }}
	heads, err := l.Heads(t.Context(), "proof/")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		if _, err := rec.Read(t.Context(), h.Stream, 1); err != nil {
			t.Errorf("reading %s at the end: %v", h.Stream, err)
		}
		lease := h.Stream[:len(h.Stream)-len("/a")]
		if _, err := rec.Lease(t.Context(), lease); err != nil {
			t.Errorf("looking at the lease %s at the end: %v", lease, err)
		}
	}
	ops, err := history.Join(lines)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}
