// Package drift is the gate that keeps a release back while what runs is not what
// was declared, for those drift checks whose author wants that.
package drift

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Name is the gate's, in results and records.
const Name = "drift"

// Look makes the report of one check. The error is about the ledger.
type Look func(ctx context.Context, check drift.Check, at time.Time) (drift.Report, error)

// Gate looks at what the checks in its way look at.
type Gate struct {
	ledger ledger.Ledger
	look   Look
}

var _ gate.Gate = (*Gate)(nil)

// New makes the gate. It is safe for concurrent use when look is. Without a look
// a check that blocks is unknown.
func New(l ledger.Ledger, look Look) *Gate { return &Gate{ledger: l, look: look} }

// Name implements gate.Gate.
func (*Gate) Name() string { return Name }

// Check implements gate.Gate. It is asked before a rollout starts, and not again
// within one: the rollout moves what would be compared, and what drifts elsewhere
// meanwhile is no reason to stop half-way. What goes back to the payload that the
// ledger says should serve passes, since that mends drift. It costs one look for
// each check that blocks.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, at time.Time) gate.Result {
	if !subject.Started.IsZero() {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	objects, err := ledger.ListObjects(ctx, g.ledger, drift.ObjectKind, "")
	if err != nil {
		return unknown(fmt.Sprintf("unable to read the drift checks from the ledger: %v", err))
	}
	var checks []drift.Check
	for _, o := range objects {
		check, err := drift.Decode(o.Content)
		if err != nil {
			// Nobody knows what it was meant to block.
			return unknown(err.Error())
		}
		if concerns(check, subject) {
			checks = append(checks, check)
		}
	}
	if len(checks) == 0 {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	mending, err := g.mends(ctx, subject)
	switch {
	case err != nil:
		return unknown(err.Error())
	case mending:
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	return g.ask(ctx, checks, at)
}

// concerns says whether a check may keep the subject back.
func concerns(check drift.Check, subject gate.Subject) bool {
	switch check.EffectiveBlocks() {
	case drift.BlocksEnvironment:
		return check.Release.Environment == subject.Environment
	case drift.BlocksRelease:
		// A check of one target of many keeps the whole release back, and no other target.
		whole := release.Key{Service: subject.Service, Environment: subject.Environment}
		return check.Release.Whole() == whole && (check.Release.Target == "" || subject.Target == "" || check.Release.Target == subject.Target)
	default:
		return false
	}
}

// mends says whether the subject is what the ledger says should serve already.
func (g *Gate) mends(ctx context.Context, subject gate.Subject) (bool, error) {
	key := release.Key{Service: subject.Service, Environment: subject.Environment}
	records, err := g.ledger.Read(ctx, key.Stream(), 1)
	if err != nil {
		return false, fmt.Errorf("unable to read the record of %s: %w", key, err)
	}
	if len(records) == 0 {
		return false, nil
	}
	history, err := release.Fold(key, records)
	if err != nil {
		return false, fmt.Errorf("unable to understand the record of %s: %w", key, err)
	}
	serving := history.Serving()
	return serving != nil && serving.Key() != "" && serving.Same(subject.Payload), nil
}

// ask looks for each check in turn. A fail outweighs an unknown, since it says
// what can be done.
func (g *Gate) ask(ctx context.Context, checks []drift.Check, at time.Time) gate.Result {
	result := gate.Result{Gate: Name, Status: gate.Pass}
	var reasons, names []string
	for _, check := range checks {
		status, reason := g.one(ctx, check, at)
		if status == gate.Pass {
			continue
		}
		if result.Status != gate.Fail {
			result.Status = status
		}
		reasons = append(reasons, reason)
		names = append(names, check.Release.String())
	}
	if result.Status != gate.Pass {
		result.Reason = strings.Join(reasons, "; ")
		result.Remedy = "repair or accept what drifted; see: sluice drift " + names[0]
	}
	return result
}

func (g *Gate) one(ctx context.Context, check drift.Check, at time.Time) (gate.Status, string) {
	if g.look == nil {
		return gate.Unknown, fmt.Sprintf("nobody can tell whether %s has drifted: this process cannot look", check.Release)
	}
	report, err := g.look(ctx, check, at)
	switch {
	case err != nil:
		return gate.Unknown, fmt.Sprintf("nobody can tell whether %s has drifted: %v", check.Release, err)
	case !report.Blocks():
		return gate.Pass, ""
	case report.Status == drift.StatusDrifted:
		return gate.Fail, report.Summary() + ": " + paths(report)
	default:
		return gate.Unknown, report.Summary()
	}
}

// shown is how many paths a reason lists.
const shown = 3

func paths(report drift.Report) string {
	var list []string
	for _, f := range report.Differences {
		if f.Severity != drift.SeverityLow {
			list = append(list, f.Path)
		}
	}
	if more := len(list) - shown; more > 0 {
		list = append(list[:shown], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

func unknown(reason string) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Unknown, Reason: reason, Remedy: "see what `sluice verify` says of the ledger"}
}
