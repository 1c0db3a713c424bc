package release

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// planBackWaves says what a person's rollback of many targets would do, and changes
// nothing. What each target would be asked for is what its own rollback asks for.
func (e *Engine) planBackWaves(ctx context.Context, status Status) (BackPlan, error) {
	h := status.History
	plan := BackPlan{Key: status.Key, Open: h.Open(), Parts: status.Parts}
	if open := plan.Open; open != nil && open.Kind == BackOut {
		plan.From, plan.To = open.Baseline, &open.Spec.Payload
		plan.Steps = []string{
			fmt.Sprintf("take over rollout %d, a rollback to %s that is open already, at %s", open.Number, plan.To.Label(), open.Where()),
			fmt.Sprintf("bring each target to %s that does not serve it yet, at once and without a gate", plan.To.Label()),
			"take " + labelOf(plan.From) + " away",
		}
		return e.backAtEach(ctx, plan, status), nil
	}
	if open := plan.Open; open != nil {
		plan.From, plan.To = &open.Spec.Payload, open.Baseline
		changed := len(open.Waves.names(func(t *TargetProgress) bool { return t.Started() }))
		plan.Steps = []string{
			fmt.Sprintf("abort rollout %d, which stands at %s", open.Number, open.Where()),
			fmt.Sprintf("take back %s that it has begun with, the newest first", targetCount(changed)),
			"quarantine " + open.Spec.Payload.Label(),
		}
		plan.Effects = []string{"at each target under way, revert: 0 % on " + open.Spec.Payload.Label() + ", at once", "at each that has it, bring up " + labelOf(open.Baseline) + " and complete it", "finalize: take away what has no traffic"}
		rehearsed := e.rehearseParts(ctx, open.Spec, status.Parts)
		plan.Rehearsal = *together(open.Spec.Names(), rehearsed)
		plan.Rehearsal.byPerson()
		return plan, nil
	}
	plan.From, plan.To = h.leaving()
	if plan.To == nil {
		return plan, ErrNothingBefore
	}
	plan.Steps = []string{
		"quarantine " + plan.From.Label(),
		fmt.Sprintf("at each of %s, the newest first: bring up %s and wait until it is healthy", targetCount(len(h.Spec.Targets)), plan.To.Label()),
		fmt.Sprintf("send all its traffic to %s, at once and without a gate", plan.To.Label()),
		"take " + plan.From.Label() + " away",
	}
	return e.backAtEach(ctx, plan, status), nil
}

// backAtEach adds what each target would be asked for where it is brought to plan.To.
func (e *Engine) backAtEach(ctx context.Context, plan BackPlan, status Status) BackPlan {
	plan.Effects = []string{
		"at each target, prepare: " + plan.To.Label() + " at 0 %", "apply: 100 % on " + plan.To.Label(),
		"complete: " + plan.To.Label() + " is the only one", "finalize: take away what has no traffic",
	}
	plan.Rehearsal = *together(status.History.Spec.Names(), e.rehearseBackParts(ctx, status, *plan.To))
	plan.Rehearsal.To = plan.To
	return plan
}

// rehearseBackParts looks at a person's rollback at each target, so many at once.
func (e *Engine) rehearseBackParts(ctx context.Context, status Status, to artifact.Payload) map[string]Rehearsal {
	spec := *status.History.Spec
	found := make([]Rehearsal, len(status.Parts))
	var wg sync.WaitGroup
	places := make(chan struct{}, looksAtOnce)
	for i, l := range status.Parts {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			part, _ := spec.Part(l.Name)
			h, err := e.load(ctx, part.Key())
			if err != nil {
				h = NewHistory(part.Key())
			}
			own := *h
			own.Spec, own.Quarantine = &part, status.History.Quarantine
			found[i] = e.rehearseBack(ctx, Status{Key: part.Key(), History: &own, Serving: l.Serving, LookErr: l.Err}, to)
		})
	}
	wg.Wait()
	all := map[string]Rehearsal{}
	for i, l := range status.Parts {
		all[l.Name] = found[i]
	}
	return all
}

// Serves says in one line what serves now, by the targets themselves.
func (p BackPlan) Serves() string {
	parts := p.Parts
	if len(parts) == 0 {
		return servesNow(p.Serving)
	}
	var texts []string
	for _, l := range parts {
		texts = append(texts, l.Name+": "+servesNow(l.Serving))
	}
	if differ := slices.ContainsFunc(parts, func(l PartLook) bool { return servesNow(l.Serving) != servesNow(parts[0].Serving) }); len(parts) > 1 && !differ {
		return fmt.Sprintf("%s, at each of %s", servesNow(parts[0].Serving), targetCount(len(parts)))
	}
	return someOf(texts)
}
