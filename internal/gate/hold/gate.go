package hold

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Name is the gate's, in results and records.
const Name = "hold"

// Gate asks for open holds.
type Gate struct {
	ledger ledger.Ledger
}

var _ gate.Gate = (*Gate)(nil)

// New makes the gate. It is safe for concurrent use.
func New(l ledger.Ledger) *Gate { return &Gate{ledger: l} }

// Name implements gate.Gate.
func (*Gate) Name() string { return Name }

// Check implements gate.Gate. A hold that cannot be read blocks everything, since
// nobody knows what it was meant to stop. NextAt is when the last of the open
// holds ends by itself, zero when one of them does not.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, at time.Time) gate.Result {
	holds, err := Everywhere(ctx, g.ledger)
	if err != nil {
		return gate.Result{
			Gate: Name, Status: gate.Unknown, Reason: err.Error(),
			Remedy: "see what `sluice verify` says of the ledger, and lift a hold that cannot be read",
		}
	}
	var open []Hold
	for _, h := range holds {
		if h.Scope.Matches(subject) && h.Open(at) {
			open = append(open, h)
		}
	}
	if len(open) == 0 {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	result := gate.Result{Gate: Name, Status: gate.Fail, NextAt: open[0].Until}
	for i, h := range open {
		if i > 0 {
			result.Reason += "; "
			result.Remedy += "; "
		}
		result.Reason += reason(h)
		result.Remedy += fmt.Sprintf("sluice hold lift %s --reason \"...\"", h.Scope)
		if h.Above != "" {
			result.Remedy += fmt.Sprintf(" in the ledger of the scope %s", h.Above)
		}
		switch {
		case h.Until.IsZero() || result.NextAt.IsZero():
			result.NextAt = time.Time{}
		case h.Until.After(result.NextAt):
			result.NextAt = h.Until
		}
	}
	return result
}

// reason says what is on hold, by whom, since and until when, and why.
func reason(h Hold) string {
	until := ""
	if !h.Until.IsZero() {
		until = ", until " + stamp(h.Until)
	}
	by := h.By
	if h.Above != "" {
		by += " for the scope " + string(h.Above)
	}
	return fmt.Sprintf("%s by %s since %s%s: %s", h.Scope.words(), by, stamp(h.At), until, h.Reason)
}
