package dependency

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// workers is how many checks are asked at a time.
const workers = 8

// Answer is what one check said of one dependency.
type Answer struct {
	Of     dependency.External
	Result check.Result
}

// ask asks the checks of the phase, except of those dependencies that somebody has
// overridden for this payload.
func (q *question) ask(ctx context.Context) error {
	phase := dependency.Before
	if !q.subject.Started.IsZero() {
		phase = dependency.During
	}
	var bad []Answer
	for _, a := range Run(ctx, q.g.runner, q.needs, phase) {
		if !a.Result.Passed() {
			bad = append(bad, a)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	held, err := q.overrides(ctx)
	if err != nil {
		return err
	}
	q.judge(bad, held)
	return nil
}

// Run asks the checks of a phase, within dependency.MaxTimeout altogether. Without a
// runner every answer is unknown.
func Run(ctx context.Context, runner check.Runner, needs []dependency.External, phase dependency.Phase) []Answer {
	ctx, cancel := context.WithTimeout(ctx, dependency.MaxTimeout)
	defer cancel()
	var out []Answer
	var checks []check.Check
	for _, e := range needs {
		for _, c := range e.For(phase) {
			out = append(out, Answer{Of: e, Result: check.Result{Name: c.Name, Status: check.Unknown, Reason: "this process cannot ask"}})
			checks = append(checks, c)
		}
	}
	if runner == nil {
		return out
	}
	slots := make(chan struct{}, workers)
	var all sync.WaitGroup
	for i := range out {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out[i].Result = runner.Run(ctx, checks[i])
		})
	}
	all.Wait()
	return out
}

// overrides finds who lets this payload through though a dependency is away, by the
// name of its window.
func (q *question) overrides(ctx context.Context) (map[string]override.Override, error) {
	held := map[string]override.Override{}
	if q.subject.Payload.Digest() == "" {
		return held, nil
	}
	list, err := override.Everywhere(ctx, q.g.ledger, q.key())
	if err != nil {
		return nil, err
	}
	for _, e := range q.needs {
		w, _ := e.Window()
		for _, o := range list {
			if o.Names(w) && o.Digest == q.subject.Payload.Key() && o.InForce(q.at) && w.MayOverride(o.By) {
				held[w.Name] = o
			}
		}
	}
	return held, nil
}

func (q *question) key() release.Key {
	return release.Key{Service: q.subject.Service, Environment: q.subject.Environment}
}

// judge makes the result of what did not pass. A fail outweighs an unknown, since it
// says that the dependency itself is known to be unwell.
func (q *question) judge(bad []Answer, held map[string]override.Override) {
	var reasons, overridden, asks, windows []string
	status := gate.Unknown
	seen := map[string]bool{}
	for _, a := range bad {
		name := a.Of.WindowName()
		if o, ok := held[name]; ok {
			if !seen[name] {
				overridden = append(overridden, fmt.Sprintf("%s overrode window %q until %s: %s", o.By, name, stamp(o.Expires), oneLine(o.Reason)))
			}
			seen[name] = true
			reasons = append(reasons, q.words(a))
			continue
		}
		if a.Result.Status == check.Fail {
			status = gate.Fail
		}
		reasons = append(reasons, q.words(a))
		if !seen[name] {
			seen[name] = true
			windows = append(windows, name)
			if owner := a.Of.Owner(); owner != "" {
				asks = append(asks, owner)
			}
		}
	}
	text := strings.Join(overridden, "; ")
	if q.result.Override != "" && text != "" && text != q.result.Override {
		text = q.result.Override + "; " + text
	}
	if len(windows) == 0 {
		q.result = gate.Result{Gate: Name, Status: gate.Pass, Override: text, Reason: "OVERRIDDEN: " + strings.Join(reasons, "; ") + "; " + text}
		return
	}
	q.result = gate.Result{Gate: Name, Status: status, Reason: strings.Join(reasons, "; "), Remedy: q.remedy(asks, windows)}
}

// words say what is wrong with a dependency, whom to ask, and why it matters here.
func (q *question) words(a Answer) string {
	verb := "fails"
	if a.Result.Status == check.Unknown {
		verb = "could not be asked"
	}
	text := fmt.Sprintf("check %q of %s %s: %s", a.Result.Name, a.Of.Name, verb, a.Result.Reason)
	if owner := a.Of.Owner(); owner != "" {
		text += " (" + owner + ")"
	}
	if path := q.reach.Path(q.subject.Service, a.Of.Name); path != "" {
		text += "; " + path
	}
	return text
}

func (q *question) remedy(asks, windows []string) string {
	text := "apply again once it is well"
	if len(asks) > 0 {
		text = "ask " + strings.Join(asks, "; ") + "; " + text
	}
	if q.subject.Payload.Digest() == "" {
		return text
	}
	return text + "; or, if it cannot wait:\n" + window.Command(q.key(), q.subject.Payload.Key(), windows...)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// oneLine keeps a reason from breaking a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// After asks the checks of the phase after, once for each check, about a rollout that
// has succeeded. Maintenance is no matter then, and what is not declared was a matter
// before.
func (g *Gate) After(ctx context.Context, subject gate.Subject) []gate.Result {
	reach, err := dependency.Of(ctx, dependency.Declared(g.ledger), subject.Service, subject.Dependencies, subject.ExternalDependencies)
	q := question{g: g, subject: subject, reach: reach}
	if err == nil && len(reach.External) > 0 {
		err = q.read(ctx)
	}
	if err != nil {
		return []gate.Result{unknown(err.Error(), repair)}
	}
	var out []gate.Result
	for _, a := range Run(ctx, g.runner, q.needs, dependency.After) {
		result := gate.Result{Gate: Name, Status: gate.Pass, Reason: fmt.Sprintf("check %q of %s: %s", a.Result.Name, a.Of.Name, a.Result.Reason)}
		if !a.Result.Passed() {
			result.Status, result.Reason = gate.Status(a.Result.Status), q.words(a)
		}
		out = append(out, result)
	}
	return out
}
