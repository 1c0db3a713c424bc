package client

import (
	"context"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
)

// telling is what delivers notifications beside this process' own work.
func (c *Client) telling(l ledger.Ledger) *notify.Background {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil || c.toldOn != l {
		c.toldOn = l
		c.told = &notify.Background{Deliverer: &notify.Deliverer{
			Ledger: l, Clock: c.Clock, Actor: c.Actor, Holder: c.Actor + " " + uuid.NewString(), UserAgent: c.UserAgent(), Patience: notify.FinishTime,
		}}
	}
	return c.told
}

// Changed says that something was appended to a stream beside the engine. It returns at
// once: whoever wants to be told is told beside the apply, and by the next look of
// anybody where Terraform ends the process before that.
func (c *Client) Changed(l ledger.Ledger, stream string) { c.telling(l).Kick(stream) }

// Tell waits a few seconds at most until what happened is delivered. It is called when
// a release's own work is done, whether that succeeded or not.
func (c *Client) Tell(ctx context.Context, l ledger.Ledger) {
	c.telling(l).Finish(ctx, notify.FinishTime)
}
