package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// pollEvery is the time between two looks at the ledger.
const pollEvery = 500 * time.Millisecond

// errNobody: a request is in the ledger, and nobody lives to take it.
var errNobody = errors.New("the request is recorded, but nobody lives to take it")

// awaitTaker waits until whoever drives the rollout has gone back. It fails when
// the holder of the lease shows no sign of life for one term of the lease, on this
// process's own clock.
func (a *app) awaitTaker(ctx context.Context, l ledger.Ledger, key release.Key, number int, noAccess error) error {
	var watch ledger.Watch
	for {
		h, err := history(ctx, l, key)
		if err != nil {
			return err
		}
		r := h.Rollout(number)
		if r == nil || r.State.Final() {
			return a.taken(key, h, r)
		}
		lease, err := l.Lease(ctx, key.LeaseName())
		if err != nil {
			return err
		}
		if lease.Holder == "" || watch.Observe(lease, a.clock.Now()) == 0 {
			return nobody(key, lease, noAccess)
		}
		if err := a.clock.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// taken says how the rollout ended that somebody else took back.
func (a *app) taken(key release.Key, h *release.History, r *release.Rollout) error {
	out := release.Outcome{Key: key, Rollout: r, Payload: h.Serving(), History: h, Result: resultOf(r)}
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	var err error
	if r.State != release.Aborted {
		err = endedError(key, h, r)
	}
	return a.finish(key, out, err, fmt.Sprintf("Rollout %d of %s is aborted by whoever drove it; %s serves.", r.Number, key, label(h.Serving())))
}

func nobody(key release.Key, lease ledger.Lease, noAccess error) error {
	why := "no lease is held"
	if lease.Holder != "" {
		why = fmt.Sprintf("the last driver, %s, has shown no sign of life for %s", lease.Holder, lease.TTL)
	}
	detail := "Why             " + why
	if noAccess != nil {
		detail += "\n                and this process has no access to the target: " + noAccess.Error()
	}
	return &toldError{
		summary: fmt.Sprintf("Unable to stop %s: %s", key, errNobody),
		detail: detail + "\nWhat to do      run it where the target can be reached, or without the ledger there:\n" +
			fmt.Sprintf("                sluice rollback %s --write-spec FILE here, then\n                sluice rollback --spec FILE --reason \"...\" there", key),
		err: errNobody,
	}
}
