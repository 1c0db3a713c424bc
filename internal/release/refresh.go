package release

import (
	"context"
	"errors"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// refresh reads what is new and keeps the lease. For a rollout that goes back
// none of the ledger's troubles matter.
func (d *driver) refresh(ctx context.Context) error {
	patient, cancel := context.WithTimeout(ctx, d.patience())
	defer cancel()
	var err error
	if !d.fresh || d.stale || d.adrift || d.spool.pending() {
		err = d.asked(d.unanswered(ctx, patient, d.sync(patient)))
	}
	if err == nil {
		err = d.asked(d.unanswered(ctx, patient, d.renew(patient)))
	}
	if err == nil {
		err = d.stillSealed(patient)
	}
	var fenced *ledger.FencedError
	if err != nil && (!d.goingBack() || errors.As(err, &fenced)) {
		return err
	}
	return nil
}

// renew shows that the driver lives, when a third of the lease is used up.
func (d *driver) renew(ctx context.Context) error {
	if d.leaser.Left(d.lease) > d.lease.TTL*2/3 {
		return nil
	}
	lease, err := d.leaser.Renew(ctx, d.lease)
	if err != nil {
		return d.named(ctx, err)
	}
	d.lease = lease
	return nil
}
