package presence_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// killed leaves the leases of agents that were killed.
func killed(t *testing.T, l *mem.Ledger, n int) {
	t.Helper()
	c := clock.NewFake(epoch)
	for i := range n {
		beats(t, keeper(l, c, fmt.Sprintf("pod-%03d", i), fmt.Sprintf("pod %d", i)), c, 0)
	}
}

func TestManyDeadAgentsAreWatchedInOneCall(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	killed(t, l, 40)
	var calls atomic.Int64
	observed := l.Handle()
	observed.Fault = func(op string, phase mem.Phase) error {
		if op == "lease" && phase == mem.Before {
			calls.Add(1)
		}
		return nil
	}
	if _, ok := live(t, observed, clock.NewAuto(epoch), nil); ok {
		t.Error("the dead live")
	}
	if n := calls.Load(); n == 0 || n > 20 {
		t.Errorf("that took %d reads of leases", n)
	}
}

func TestALivingAgentClearsTheLeasesOfTheDead(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	killed(t, l, 3)
	own := clock.NewFake(epoch)
	other := keeper(l, own, "b", "b 1")
	beats(t, other, own, 0)
	// The other agent beats less than it ought to, but it does.
	k := keeper(l, own, "a", "a 1")
	beats(t, k, own, int(150*time.Second/presence.Every))
	beats(t, other, own, 0)
	beats(t, k, own, int(175*time.Second/presence.Every))
	leases, err := ledger.Leases(t.Context(), l, presence.Prefix)
	names := map[string]bool{}
	for _, lease := range leases {
		names[lease.Name] = true
	}
	if err != nil || len(leases) != 2 || !names["agent/a"] || !names["agent/b"] {
		t.Errorf("%v: held are %v", err, names)
	}
	// Who was only asleep takes its own anew.
	late := keeper(l, own, "pod-001", "pod 1")
	beats(t, late, own, 0)
	if !late.Held() {
		t.Error("an agent whose lease was cleared is not back")
	}
}
