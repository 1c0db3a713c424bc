package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
)

// holdJSON is one hold in JSON.
type holdJSON struct {
	// Scope is all, environment/NAME, service/NAME or release/SERVICE/ENVIRONMENT.
	Scope  string     `json:"scope"`
	Reason string     `json:"reason"`
	By     string     `json:"by"`
	At     time.Time  `json:"at"`
	Until  *time.Time `json:"until"`
	// InForce is false once Until has passed.
	InForce bool `json:"in_force"`
	// DeclaredIn is the scope above in whose ledger it stands, and where it is lifted.
	DeclaredIn string `json:"declared_in,omitempty"`
}

func toHold(h hold.Hold, now time.Time) holdJSON {
	out := holdJSON{Scope: string(h.Scope), Reason: h.Reason, By: h.By, At: h.At.UTC(), InForce: h.Open(now), DeclaredIn: string(h.Above)}
	if !h.Until.IsZero() {
		until := h.Until.UTC()
		out.Until = &until
	}
	return out
}

// holdLines says all there is to know of a hold, on two lines.
func holdLines(h hold.Hold, now time.Time) string {
	until := "until it is lifted"
	switch {
	case !h.Open(now):
		until = "over since " + instant(h.Until)
	case !h.Until.IsZero():
		until = "until " + instant(h.Until)
	}
	if h.Above != "" {
		until += fmt.Sprintf(", in the ledger of the scope %s", h.Above)
	}
	return fmt.Sprintf("%s  %s\n    by %s at %s, %s", h.Scope,
		strings.ReplaceAll(h.Reason, "\n", " "), h.By, instant(h.At), until)
}
