package presence

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Keeper holds an agent's lease. All fields are set before the first call. It is
// safe for concurrent use.
type Keeper struct {
	Ledger ledger.Ledger
	Clock  clock.Clock
	Agent  Agent
	// Actor is who runs the agent, for the record, and Holder this process alone.
	Actor, Holder string
	// TTL and Every stand in for the constants of the same names where they are set.
	TTL, Every time.Duration

	mu     sync.Mutex
	leaser *ledger.Leaser
	lease  ledger.Lease

	// others and tidiedAt are of Keep alone.
	others   map[string]*ledger.Watch
	tidiedAt time.Time
}

// Keep announces the agent, takes its lease and renews it until the context ends;
// then it returns nil, and the lease is still held (see Release). While another
// process holds the lease it waits, since that may be this agent before a restart.
// The trouble of a ledger that is away is told to onError and tried again for ever;
// so is that another process of the same name holds the lease: *ledger.HeldError.
func (k *Keeper) Keep(ctx context.Context, onError func(error)) {
	announced := false
	for ctx.Err() == nil {
		pause := k.every()
		err := k.beat(ctx, &announced)
		var held *ledger.HeldError
		if errors.As(err, &held) {
			pause = min(pause, max(held.Left, time.Millisecond))
		}
		if err == nil {
			k.tidy(ctx)
		} else if ctx.Err() == nil {
			onError(err)
		}
		if k.Clock.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// beat is one sign of life.
func (k *Keeper) beat(ctx context.Context, announced *bool) error {
	if !*announced {
		if err := Announce(ctx, k.Ledger, k.Agent, k.Actor, k.Clock.Now()); err != nil {
			return err
		}
		*announced = true
	}
	lease, err := k.keeper().Acquire(ctx, k.Agent.LeaseName(), k.ttl())
	if err == nil {
		k.mu.Lock()
		k.lease = lease
		k.mu.Unlock()
	}
	return err
}

// Held reports whether the agent's lease is certainly this process's.
func (k *Keeper) Held() bool {
	k.mu.Lock()
	lease := k.lease
	k.mu.Unlock()
	return lease.Holder != "" && k.keeper().Left(lease) > 0
}

// Release gives the lease back, so that who asks knows at once that the agent has
// gone. It is called after Keep has returned.
func (k *Keeper) Release(ctx context.Context) error {
	k.mu.Lock()
	lease := k.lease
	k.lease = ledger.Lease{}
	k.mu.Unlock()
	if lease.Holder == "" {
		return nil
	}
	return k.keeper().Release(ctx, lease)
}

func (k *Keeper) keeper() *ledger.Leaser {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.leaser == nil {
		k.leaser = &ledger.Leaser{Ledger: k.Ledger, Clock: k.Clock, Holder: k.Holder}
	}
	return k.leaser
}

func (k *Keeper) ttl() time.Duration {
	if k.TTL > 0 {
		return k.TTL
	}
	return TTL
}

func (k *Keeper) every() time.Duration {
	if k.Every > 0 {
		return k.Every
	}
	return min(Every, k.ttl()/3)
}
