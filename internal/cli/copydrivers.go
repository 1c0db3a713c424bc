package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// drivers looks for those who live on a ledger that is to be moved: an agent does not
// follow a ledger to its new place, and would still look at its rollouts, and take them
// back, while somebody else drives them from there.
type drivers struct {
	source ledger.LeaseReader
	clock  clock.Clock

	first   map[string]ledger.Lease
	watches map[string]*ledger.Watch
}

// look reads the leases once. A lease that has changed since the first look is that of
// somebody who lives; unsure is for how long one must be watched yet to know.
func (d *drivers) look(ctx context.Context) (living []ledger.Lease, unsure time.Duration, err error) {
	if d.first == nil {
		d.first, d.watches = map[string]ledger.Lease{}, map[string]*ledger.Watch{}
	}
	for _, prefix := range []string{presence.Prefix, "release/"} {
		leases, err := d.source.EveryLease(ctx, prefix)
		if err != nil {
			return nil, 0, err
		}
		for _, l := range leases {
			if d.watches[l.Name] == nil {
				d.first[l.Name], d.watches[l.Name] = l, &ledger.Watch{}
			}
			left := d.watches[l.Name].Observe(l, d.clock.Now())
			switch {
			case l.Holder == "" || left == 0:
			case l != d.first[l.Name]:
				living = append(living, l)
			default:
				unsure = max(unsure, left)
			}
		}
	}
	return living, unsure, nil
}

// none is an error where somebody lives. Who was killed holds a lease until its term has
// passed, which it waits for: the copying before the seal mostly takes longer.
func (d *drivers) none(ctx context.Context) error {
	for {
		living, unsure, err := d.look(ctx)
		if err != nil {
			return err
		}
		if len(living) > 0 {
			return livingError(living)
		}
		if unsure == 0 {
			return nil
		}
		if err := d.clock.Sleep(ctx, min(unsure, time.Second)); err != nil {
			return err
		}
	}
}

func livingError(living []ledger.Lease) error {
	var names []string
	for _, l := range living {
		names = append(names, fmt.Sprintf("%s (%s)", strings.TrimPrefix(l.Name, "release/"), l.Holder))
	}
	return fmt.Errorf("somebody drives by this ledger: %s; stop that first, agents as well, and start agents again with the new URL; or move it under them by --with-drivers: they go forward no more, but may still take a rollout back that is driven on from the new place, where the target checks no fences",
		strings.Join(names, ", "))
}
