package presence

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// tidyEvery is the time between two looks at the leases of other agents, much longer
// than their term.
const tidyEvery = 5 * time.Minute

// tidy gives back the leases of agents that were killed. Where agents are named after
// machines that come and go, whoever asks for a living one would otherwise watch more
// and more of them for a whole term. It renews nobody's, so that no observer takes it
// for a sign of life; an agent that was only asleep takes its lease anew. What goes
// wrong is left to the next look.
func (k *Keeper) tidy(ctx context.Context) {
	now := k.Clock.Now()
	if !k.tidiedAt.IsZero() && now.Sub(k.tidiedAt) < tidyEvery && !now.Before(k.tidiedAt) {
		return
	}
	k.tidiedAt = now
	leases, err := held(ctx, k.Ledger)
	if err != nil {
		return
	}
	watched := map[string]*ledger.Watch{}
	for name, lease := range leases {
		w := k.others[name]
		if w == nil {
			w = &ledger.Watch{}
		}
		switch {
		case name == k.Agent.LeaseName():
		case w.Observe(lease, now) > 0:
			watched[name] = w
		default:
			free := ledger.Lease{Name: name, Fence: lease.Fence, Beat: lease.Beat + 1}
			_ = k.Ledger.SwapLease(ctx, lease, free) // One that changed meanwhile is alive.
		}
	}
	k.others = watched
}
