package operator

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

// ErrNobody: a request is in the ledger, and nobody lives to take it.
var ErrNobody = errors.New("the request is recorded, but nobody lives to take it")

// awaitTaker waits until whoever drives the rollout has gone back. It fails when
// the holder of the lease shows no sign of life for one term of the lease, on this
// process's own clock.
func (o Operator) awaitTaker(ctx context.Context, key release.Key, number int, noAccess error) (Done, error) {
	e := o.Engine
	o.tell("the request is recorded; waiting for whoever drives rollout %d of %s to take it", number, key)
	var watch ledger.Watch
	for {
		h, err := e.Load(ctx, key)
		if err != nil {
			return Done{}, err
		}
		r := h.Rollout(number)
		if r == nil || r.State.Final() {
			return taken(key, h, r)
		}
		lease, err := e.Ledger.Lease(ctx, key.LeaseName())
		if err != nil {
			return Done{}, err
		}
		if lease.Holder == "" || watch.Observe(lease, e.Clock.Now()) == 0 {
			return Done{}, nobody(key, lease, noAccess)
		}
		if err := e.Clock.Sleep(ctx, pollEvery); err != nil {
			return Done{}, err
		}
	}
}

// taken says how the rollout ended that somebody else took back.
func taken(key release.Key, h *release.History, r *release.Rollout) (Done, error) {
	out := release.Outcome{Key: key, Rollout: r, Payload: h.Serving(), History: h, Result: ResultOf(r)}
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	var err error
	if r.State != release.Aborted {
		err = EndedError(key, h, r)
	}
	return Done{out, fmt.Sprintf("Rollout %d of %s is aborted by whoever drove it; %s serves.", r.Number, key, Label(h.Serving()))}, err
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
	return &Error{
		Summary: fmt.Sprintf("Unable to stop %s: %s", key, ErrNobody),
		Detail: detail + "\nWhat to do      run it where the target can be reached, or without the ledger there:\n" +
			fmt.Sprintf("                sluice rollback %s --write-spec FILE here, then\n                sluice rollback --spec FILE --reason \"...\" there", key),
		Err: ErrNobody,
	}
}

// ResultOf translates a rollout's state.
func ResultOf(r *release.Rollout) release.Result {
	switch r.State {
	case release.Succeeded:
		return release.Shipped
	case release.RolledBack:
		return release.WentBack
	case release.Aborted:
		return release.Stopped
	case release.Errored:
		return release.Broke
	default:
		return release.Underway
	}
}

// EndedError is nil for a rollout that succeeded, and says otherwise how it ended.
func EndedError(key release.Key, h *release.History, r *release.Rollout) error {
	if r.State == release.Succeeded {
		return nil
	}
	out := release.Outcome{Key: key, Result: ResultOf(r), Rollout: r, Payload: h.Serving(), History: h}
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	return &release.EndedError{Outcome: out}
}
