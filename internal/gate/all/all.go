// Package all lists the gates there are. Nothing registers itself.
package all

import (
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate/evidence"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/gate/quarantine"
	"github.com/sluice/terraform-provider-sluice/internal/gate/rehearsal"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// New makes every gate, in the order in which a plan shows them. look is how a
// drift check is asked; nil where nobody can look, and then a check that blocks is
// unknown. checks is how a health check of a dependency is asked; nil likewise.
func New(l ledger.Ledger, look drift.Look, checks check.Runner) []gate.Gate {
	return []gate.Gate{window.New(l), quarantine.New(l), hold.New(l), drift.New(l, look), dependency.New(l, checks), rehearsal.New(), evidence.New()}
}
