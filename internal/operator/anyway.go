package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// UrgentPatience is how long a person's word waits for others at the ledger: not
// even the ledger may delay a revert.
const UrgentPatience = time.Second

// OfTheLedger says whether the ledger is at fault, and not what it says.
func OfTheLedger(err error) bool {
	var corrupt *ledger.CorruptError
	return errors.As(err, &corrupt) || errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrReadOnly) ||
		errors.Is(err, ledger.ErrFull) || errors.Is(err, ledger.ErrNewer) || errors.Is(err, ledger.ErrMissing)
}

// Salvager is how a release goes back without a ledger that works: by what it still
// says and by what the target says, which must agree on what serves, since a record
// that is gone may be the one that says so.
type Salvager struct {
	Targets target.Registry
	Deps    target.Deps
	// Read opens the ledger for reading alone.
	Read func(ctx context.Context, f func(ledger.Ledger) error) error
}

// Salvaged is the specification to go back by. The cause is what is wrong with the
// ledger.
func (s Salvager) Salvaged(ctx context.Context, key release.Key, cause error) (release.Spec, error) {
	var spec release.Spec
	err := s.Read(ctx, func(l ledger.Ledger) (err error) {
		spec, err = s.spec(ctx, l, key)
		return err
	})
	if err == nil {
		return spec, nil
	}
	return spec, &Error{
		Summary: fmt.Sprintf("Unable to take %s back by this ledger: %s", key, cause),
		Detail: fmt.Sprintf("Why             what is left of it does not say where to: %s\n", err) +
			"What to do      go back without it, by a file that was saved before:\n" +
			"                sluice rollback --spec FILE --reason \"...\"",
		Err: cause,
	}
}

func (s Salvager) spec(ctx context.Context, l ledger.Ledger, key release.Key) (release.Spec, error) {
	h, err := SalvagedHistory(ctx, l, key)
	if err != nil {
		return release.Spec{}, err
	}
	if h.Spec == nil {
		return release.Spec{}, errors.New("no specification of the release is left")
	}
	spec, to, standing := *h.Spec, h.BackTo(), h.Serving()
	if open := h.Open(); open != nil {
		spec, standing = open.Spec, open.Baseline
	}
	if to == nil {
		return spec, release.ErrNothingBefore
	}
	deps := s.Deps
	deps.Release = spec.Key().String()
	t, err := s.Targets.Open(ctx, spec.Target, deps)
	if err != nil {
		return spec, err
	}
	obs, err := t.Observe(ctx)
	switch {
	case err != nil:
		return spec, fmt.Errorf("the target could not be read: %w", err)
	case !standsOn(obs, standing, to):
		return spec, fmt.Errorf("it says that %s serves, and the target says: %s", Label(standing), release.ServesText(&obs, time.Time{}))
	}
	spec.Payload = *to
	return spec, nil
}

// Revert goes back to the specification's payload at the target alone. Nothing is
// recorded.
func (s Salvager) Revert(ctx context.Context, spec release.Spec) (target.Observation, error) {
	obs, err := release.RevertWithSpec(ctx, spec, spec.Payload, s.Targets, s.Deps)
	if err != nil {
		return obs, fmt.Errorf("unable to bring %s back to %s: %w; it is safe to run this again", spec.Key(), spec.Payload.Label(), err)
	}
	return obs, nil
}

// Unrecorded says what follows from a way back that no ledger knows of. A ledger that was
// brought back from before the release knows nothing of that either: a rollback by it would
// go one artifact too far.
func Unrecorded(spec release.Spec) string {
	return fmt.Sprintf("The record does not know of it: the next apply, or the repair of a drift check, brings back what the record says should serve. Once the ledger can be used, and before that, see whether that is %s:\n  sluice drift %s\nOnly where it is another artifact:\n  sluice rollback %s --reason \"...\"", spec.Payload.Label(), spec.Key(), spec.Key())
}

// standsOn says whether the target's old artifact is one of those given.
func standsOn(obs target.Observation, payloads ...*artifact.Payload) bool {
	for _, p := range payloads {
		if obs.Baseline != nil && p != nil && obs.Baseline.Payload.Same(*p) {
			return true
		}
	}
	return false
}

// SalvagedHistory folds what is left of a release's records. What does not follow
// from what is left is passed over.
func SalvagedHistory(ctx context.Context, l ledger.Ledger, key release.Key) (*release.History, error) {
	h, err := (&release.Engine{Ledger: l}).Load(ctx, key)
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
