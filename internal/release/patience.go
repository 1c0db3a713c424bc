package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// ledgerPatience is how many calls' time the driver of a rollout that goes forward waits
// for its ledger. While it waits nobody looks at what users get, so it must not wait for
// as long as a connection takes to find out that nobody is there any more.
const ledgerPatience = 3

// NoAnswerError says that the ledger gave none in time. What was asked of it may have
// been done.
type NoAnswerError struct {
	// Within is for how long it was waited.
	Within time.Duration
	Err    error
}

// Error implements error.
func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("the ledger gave no answer within %s, so nobody knows whether it took what was sent: %v", field.FormatDuration(e.Within), e.Err)
}

// Unwrap gives what the ledger's driver said when the time was up.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// patience is how long the ledger may take. Who looks on while the ledger is away must not
// wait long to know that it is, and on the way back nothing may.
func (d *driver) patience() time.Duration {
	switch {
	case d.goingBack(), d.isAlone:
		return revertPatience
	case d.e.Steady:
		return d.e.callTimeout()
	default:
		return ledgerPatience * d.e.callTimeout()
	}
}

// unanswered puts the patience that is over into the error's words, where it is that
// which has ended the call and not the caller.
func (d *driver) unanswered(ctx, patient context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !errors.Is(patient.Err(), context.DeadlineExceeded) || !away(err) {
		return err
	}
	return &NoAnswerError{Within: d.patience(), Err: err}
}
