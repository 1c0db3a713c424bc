// Package dependency is the gate that keeps a release back while something that its
// service needs is away: a third party in maintenance, or one whose health checks do
// not pass.
package dependency

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Name is the gate's, in results and records.
const Name = "dependency"

// Gate asks after the external dependencies that a service needs, directly or through
// other services. It reads them anew at each question.
type Gate struct {
	ledger ledger.Ledger
	runner check.Runner
}

var (
	_ gate.Gate     = (*Gate)(nil)
	_ gate.Standing = (*Gate)(nil)
)

// New makes the gate. It is safe for concurrent use when the runner is. Without a
// runner a health check is unknown.
func New(l ledger.Ledger, runner check.Runner) *Gate { return &Gate{ledger: l, runner: runner} }

// Name implements gate.Gate.
func (*Gate) Name() string { return Name }

// WhileStanding implements gate.Standing: a dependency that fails while a step lasts
// spoils what is measured there.
func (*Gate) WhileStanding() {}

// Check implements gate.Gate. Before a rollout starts it asks the checks of the phase
// before, and within one those of the phase during. A dependency that is named and not
// declared is unknown, as is one that cannot be asked. It costs one request for each
// check, within dependency.MaxTimeout altogether.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, at time.Time) gate.Result {
	reach, err := dependency.Of(ctx, dependency.Declared(g.ledger), subject.Service, subject.Dependencies, subject.ExternalDependencies)
	if err != nil {
		return unknown(err.Error(), repair)
	}
	if len(reach.Names()) == 0 {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	q := question{g: g, subject: subject, at: at, reach: reach}
	if err := q.read(ctx); err != nil {
		return unknown(err.Error(), repair)
	}
	result := q.maintained(ctx)
	if result.Status == gate.Pass {
		q.result = result
		if err := q.ask(ctx); err != nil {
			return unknown(err.Error(), repair)
		}
		result = q.result
	}
	return q.undeclared(result)
}

const repair = "repair what is named above; see what `sluice verify` says of the ledger"

// question is one asking.
type question struct {
	g       *Gate
	subject gate.Subject
	at      time.Time
	reach   dependency.Reach
	needs   []dependency.External
	// missing says what is named and not declared.
	missing []string
	result  gate.Result
}

// read gets the external dependencies that the service needs.
func (q *question) read(ctx context.Context) error {
	for _, name := range q.reach.External {
		found, err := dependency.Get(ctx, q.g.ledger, name)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			q.missing = append(q.missing, fmt.Sprintf("the external dependency %q, which %s names, is not declared", name, q.reach.By[name]))
		default:
			q.needs = append(q.needs, found...)
		}
	}
	if len(q.reach.Undeclared) == 0 {
		return nil
	}
	// What an undeclared service needs matters once there is something to need.
	all, err := dependency.List(ctx, q.g.ledger)
	if err != nil || len(all) == 0 {
		return err
	}
	for _, name := range q.reach.Undeclared {
		text := fmt.Sprintf("the service %q, which %s names, is not declared, so nobody can tell what it needs", name, q.reach.By[name])
		for _, e := range all {
			if e.Name == name {
				text = fmt.Sprintf("%q, which %s names among its dependencies, is an external dependency; name it in external_dependencies", name, q.reach.By[name])
			}
		}
		q.missing = append(q.missing, text)
	}
	return nil
}

// maintained asks whether one of them is in maintenance. What people have overridden
// of it, and who began before it, is as with any other window.
func (q *question) maintained(ctx context.Context) gate.Result {
	var windows []calendar.Window
	for _, e := range q.needs {
		if w, ok := e.Window(); ok {
			windows = append(windows, w)
		}
	}
	if len(windows) == 0 {
		return gate.Result{Gate: Name, Status: gate.Pass}
	}
	result := window.New(q.g.ledger).Ask(ctx, windows, q.subject, q.at)
	result.Gate = Name
	if result.Status == gate.Fail {
		for _, e := range q.needs {
			if path := q.reach.Path(q.subject.Service, e.Name); path != "" && strings.Contains(result.Reason, fmt.Sprintf("%q", e.WindowName())) {
				result.Reason += "; " + path
			}
		}
	}
	if result.Status == gate.Pass && result.Override == "" && q.subject.Started.IsZero() {
		result.Reason = "" // "No window forbids it" is the gate window's to say.
	}
	return result
}

// undeclared adds what is named and not declared. A fail outweighs it, since it says
// when it ends.
func (q *question) undeclared(result gate.Result) gate.Result {
	if len(q.missing) == 0 {
		return result
	}
	text := strings.Join(q.missing, "; ")
	if result.Status == gate.Fail {
		result.Reason += "; " + text
		result.NextAt = time.Time{}
		return result
	}
	if result.Status == gate.Unknown {
		text = result.Reason + "; " + text
	}
	return unknown(text, "declare it, with sluice_external_dependency or sluice_service, or name it no longer; where the same apply declares it, nothing is to be done")
}

func unknown(reason, remedy string) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Unknown, Reason: reason, Remedy: remedy}
}
