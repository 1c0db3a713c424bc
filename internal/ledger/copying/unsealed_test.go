package copying_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// meddledSource and meddledDestination have somebody unseal the source at the worst
// moments: just before the copy says that it finishes, and just before it does.
type meddledSource struct {
	ledger.Source
	meddle func(seen ledger.Sealing) error
}

func (s meddledSource) SealOff(ctx context.Context, seal ledger.Sealing) error {
	if seal.Finishing && !seal.Done {
		seen, err := s.Sealing(ctx)
		if err != nil || seen == nil {
			return errors.Join(err, errors.New("it is not sealed"))
		}
		if err := s.meddle(*seen); err != nil {
			return err
		}
	}
	return s.Source.SealOff(ctx, seal)
}

type meddledDestination struct {
	ledger.Destination
	meddle func() error
}

func (d meddledDestination) Finish(ctx context.Context) error {
	if err := d.meddle(); err != nil {
		return err
	}
	return d.Destination.Finish(ctx)
}

// TestAnUnsealBeforeTheEndStopsTheCopy: the last thing that can be done before a copy
// is a ledger is to give it up, and then it never becomes one.
func TestAnUnsealBeforeTheEndStopsTheCopy(t *testing.T) {
	for name, begin := range backends(t) {
		from, to := begin(), place(t)
		fill(t, source(t, from))
		c := move(t, from, to)
		honest := c.From
		c.From = meddledSource{honest, func(seen ledger.Sealing) error { return honest.Unseal(t.Context(), seen) }}
		if _, err := c.Run(t.Context()); !errors.Is(err, ledger.ErrUnsealed) {
			t.Errorf("%s: %v", name, err)
		}
		if l, err := all.Open(t.Context(), to, all.Options{ReadOnly: true}); !errors.Is(err, ledger.ErrUnfinished) {
			t.Errorf("%s: there are two ledgers: %v", name, err)
			if err == nil {
				_ = l.Close()
			}
		}
		// It is moved all the same when that is wanted.
		again := place(t)
		res, err := move(t, from, again).Run(t.Context())
		if err != nil {
			t.Fatalf("%s, again: %v", name, err)
		}
		moved(t, from, again, res)
	}
}

// TestNobodyUnsealsWhatMayBeALedger: from the moment that the copy may be a ledger, the
// seal is not taken away by whoever saw it before.
func TestNobodyUnsealsWhatMayBeALedger(t *testing.T) {
	for name, begin := range backends(t) {
		from, to := begin(), place(t)
		fill(t, source(t, from))
		c := move(t, from, to)
		honest := c.From
		var seen ledger.Sealing
		c.From = meddledSource{honest, func(s ledger.Sealing) error { seen = s; return nil }}
		c.To = meddledDestination{c.To, func() error {
			var sealed *ledger.SealedError
			if err := honest.Unseal(t.Context(), seen); !errors.As(err, &sealed) || !sealed.Sealing.Finishing {
				t.Errorf("%s: unsealed: %v", name, err)
			}
			// Neither does another run of the copy, which saw the seal before, set it back.
			if err := honest.SealOff(t.Context(), seen); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if now, err := honest.Sealing(t.Context()); err != nil || now == nil || !now.Finishing {
				t.Errorf("%s: %+v, %v", name, now, err)
			}
			return nil
		}}
		res, err := c.Run(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		moved(t, from, to, res)
	}
}
