// Package all lists the gates there are. Nothing registers itself.
package all

import (
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/gate/quarantine"
	"github.com/sluice/terraform-provider-sluice/internal/gate/rehearsal"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// New makes every gate, in the order in which a plan shows them. look is how a
// drift check is asked; nil where nobody can look, and then a check that blocks is
// unknown.
func New(l ledger.Ledger, look drift.Look) []gate.Gate {
	return []gate.Gate{window.New(l), quarantine.New(l), hold.New(l), drift.New(l, look), rehearsal.New()}
}
