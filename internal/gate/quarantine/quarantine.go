// Package quarantine is the gate that stops a payload which did harm before: it
// is not tried again in that environment until somebody lifts the quarantine.
package quarantine

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// Name is the gate's, in results and records.
const Name = "quarantine"

// Gate asks the release's own stream.
type Gate struct {
	ledger ledger.Ledger
}

var _ gate.Gate = (*Gate)(nil)

// New makes the gate. It is safe for concurrent use.
func New(l ledger.Ledger) *Gate { return &Gate{ledger: l} }

// Name implements gate.Gate.
func (*Gate) Name() string { return Name }

// Check implements gate.Gate. It costs one read of the release's stream, and
// one of the target's part where it is asked about one of many. A
// quarantine has no end of its own, so NextAt stays zero.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, _ time.Time) gate.Result {
	key := release.Key{Service: subject.Service, Environment: subject.Environment}
	if subject.Payload.Digest() == "" {
		return unknown(fmt.Sprintf("what would be released of %s has no digest, so nobody can tell whether it is quarantined", key),
			"name the artifact by digest")
	}
	result := g.everywhere(ctx, key, subject)
	if subject.Target != "" && result.Status == gate.Pass {
		// What did harm at one target of many within the failure budget is quarantined
		// at that target alone.
		return g.of(ctx, g.ledger, key.Part(subject.Target), subject)
	}
	return result
}

// everywhere asks the release's own stream, and that of the same name in the ledgers of
// the scopes above: what is quarantined there is so here.
func (g *Gate) everywhere(ctx context.Context, key release.Key, subject gate.Subject) gate.Result {
	result := g.of(ctx, g.ledger, key, subject)
	if result.Status != gate.Pass {
		return result
	}
	higher, err := scope.Higher(ctx, g.ledger)
	if err != nil {
		return unknown(err.Error(), "repair what is named above")
	}
	for _, level := range higher {
		if above := g.of(ctx, level.Ledger, key, subject); above.Status != gate.Pass {
			if above.Status == gate.Fail {
				above.Reason += fmt.Sprintf(", in the scope %s", level.Scope)
				above.Remedy += fmt.Sprintf("  # in the ledger of the scope %s", level.Scope)
			}
			return above
		}
	}
	return result
}

// of asks one stream of one ledger.
func (g *Gate) of(ctx context.Context, l ledger.Ledger, key release.Key, subject gate.Subject) gate.Result {
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return unknown(fmt.Sprintf("unable to read the record of %s: %v", key, err), "see what `sluice verify` says of the ledger")
	}
	if len(records) == 0 {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	history, err := release.Fold(key, records)
	if err != nil {
		return unknown(fmt.Sprintf("unable to understand the record of %s: %v", key, err), "see what `sluice verify` says of the ledger")
	}
	q, bad := history.Quarantine[subject.Payload.Key()]
	if !bad {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	return gate.Result{
		Gate: Name, Status: gate.Fail, Reason: reason(q),
		Remedy: "release a fixed artifact; or, if you know better: " + history.LiftCommand(q.Payload),
	}
}

// reason says what is quarantined, why, by whom and when.
func reason(q release.Quarantined) string {
	text := q.Payload.Label() + " is quarantined"
	if q.Reason != "" {
		text += ": " + q.Reason
	}
	text += " (by " + q.By
	if q.Rollout > 0 {
		text += fmt.Sprintf(" in rollout %d", q.Rollout)
	}
	return text + ", " + q.At.UTC().Format("2006-01-02 15:04Z") + ")"
}

func unknown(reason, remedy string) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Unknown, Reason: reason, Remedy: remedy}
}
