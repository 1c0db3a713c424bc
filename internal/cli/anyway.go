package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// urgentPatience is how long a person's word waits for others at the ledger: not
// even the ledger may delay a revert.
const urgentPatience = time.Second

// urgently opens the ledger for f, which goes back at a person's word. Where the
// ledger is what stands in the way, it goes back by what can still be read.
func (a *app) urgently(ctx context.Context, key release.Key, reason string, f func(ledger.Ledger) error) error {
	err := a.withLedger(ctx, ledgers.Options{MustExist: true, BusyTimeout: urgentPatience}, a.telling(ctx, f))
	if err == nil || !ofTheLedger(err) || ctx.Err() != nil {
		return err
	}
	return a.backAnyway(ctx, key, reason, err)
}

// ofTheLedger says whether the ledger is at fault, and not what it says.
func ofTheLedger(err error) bool {
	var corrupt *ledger.CorruptError
	return errors.As(err, &corrupt) || errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrReadOnly) ||
		errors.Is(err, ledger.ErrFull) || errors.Is(err, ledger.ErrNewer) || errors.Is(err, ledger.ErrMissing)
}

// backAnyway goes back without a ledger that works, by what it still says and by
// what the target says: they must agree on what serves, since a record that is
// gone may be the one that says so.
func (a *app) backAnyway(ctx context.Context, key release.Key, reason string, cause error) error {
	var spec release.Spec
	err := a.withLedger(ctx, ledgers.Options{ReadOnly: true}, func(l ledger.Ledger) (err error) {
		spec, err = a.salvaged(ctx, l, key)
		return err
	})
	if err != nil {
		return &toldError{
			summary: fmt.Sprintf("Unable to take %s back by this ledger: %s", key, cause),
			detail: fmt.Sprintf("Why             what is left of it does not say where to: %s\n", err) +
				"What to do      go back without it, by a file that was saved before:\n" +
				"                sluice rollback --spec FILE --reason \"...\"",
			err: cause,
		}
	}
	a.note("Warning: the ledger does not work: %s", cause)
	a.note("Going back to %s all the same, by what it still says.", spec.Payload.Label())
	return a.revertBy(ctx, spec, reason, "since the ledger does not work")
}

// salvaged is the specification to go back by.
func (a *app) salvaged(ctx context.Context, l ledger.Ledger, key release.Key) (release.Spec, error) {
	h, err := salvagedHistory(ctx, l, key)
	if err != nil {
		return release.Spec{}, err
	}
	if h.Spec == nil {
		return release.Spec{}, errors.New("no specification of the release is left")
	}
	spec, to, standing := *h.Spec, h.Previous(), h.Serving()
	if open := h.Open(); open != nil {
		spec, to, standing = open.Spec, open.Baseline, open.Baseline
	}
	if to == nil {
		return spec, release.ErrNothingBefore
	}
	t, err := a.targetDrivers().Open(ctx, spec.Target, target.Deps{Clock: a.clock, UserAgent: a.userAgent()})
	if err != nil {
		return spec, err
	}
	obs, err := t.Observe(ctx)
	switch {
	case err != nil:
		return spec, fmt.Errorf("the target could not be read: %w", err)
	case !standsOn(obs, standing, to):
		return spec, fmt.Errorf("it says that %s serves, and the target says: %s", label(standing), release.ServesText(&obs, time.Time{}))
	}
	spec.Payload = *to
	return spec, nil
}

// standsOn says whether the target's old artifact is one of those given.
func standsOn(obs target.Observation, payloads ...*artifact.Payload) bool {
	for _, p := range payloads {
		if obs.Baseline != nil && obs.Baseline.Payload.Same(*p) {
			return true
		}
	}
	return false
}

// salvagedHistory folds what is left of a release's records. What does not follow
// from what is left is passed over.
func salvagedHistory(ctx context.Context, l ledger.Ledger, key release.Key) (*release.History, error) {
	h, err := history(ctx, l, key)
	var corrupt *ledger.CorruptError
	salvager, able := ledger.As[ledger.Salvager](l)
	if !errors.As(err, &corrupt) || !able {
		return h, err
	}
	records, err := salvager.Salvage(ctx, key.Stream())
	if err != nil {
		return nil, err
	}
	h = release.NewHistory(key)
	for _, rec := range records {
		h.Seq = rec.Seq - 1
		if err := h.Add(rec); err != nil {
			h.Seq = rec.Seq
		}
	}
	return h, nil
}
