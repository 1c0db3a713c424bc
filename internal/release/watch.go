package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// watcher is a trigger that needs counts.
type watcher struct {
	Trigger Trigger
	// Name is that of an external trigger.
	Name           string
	Signal, Metric string
}

// Label names the trigger for people.
func (w watcher) Label() string {
	if w.Name != "" {
		return fmt.Sprintf("%s %q", w.Trigger, w.Name)
	}
	return string(w.Trigger)
}

// watchers lists the triggers that need counts, in order.
func (s Spec) watchers() []watcher {
	var out []watcher
	t := s.Policy.Triggers
	if t == nil {
		return nil
	}
	// A metric that the strategy judges is counted by the signal that it names.
	of := func(trigger Trigger, metric string) watcher {
		metric = orMetric(metric)
		return watcher{Trigger: trigger, Metric: metric, Signal: s.Strategy.Analysis.Metrics[metric].Signal}
	}
	if t.BurnRate != nil {
		out = append(out, of(TriggerBurnRate, t.BurnRate.Metric))
	}
	if t.ErrorCeiling != nil {
		out = append(out, of(TriggerErrorCeiling, t.ErrorCeiling.Metric))
	}
	for _, name := range s.Policy.externals() {
		e := t.External[name]
		out = append(out, watcher{Trigger: TriggerExternal, Name: name, Signal: e.Signal, Metric: e.Metric})
	}
	return out
}

// Watched is what one look counted of a metric that only triggers need.
type Watched struct {
	Signal string `json:"signal"`
	judge.Counts
	// Says names what was counted, where the signal knows more than a number.
	Says string `json:"says,omitempty"`
}

// Fired is a trigger whose condition one look found to be met.
type Fired struct {
	Trigger Trigger `json:"trigger"`
	// Name is that of an external trigger.
	Name string `json:"name,omitempty"`
	// Text says so in numbers.
	Text string `json:"text"`
	// Off is true where the policy has the trigger off in this part of the rollout:
	// it is shown, and nothing follows.
	Off bool `json:"off,omitempty"`
}

// Label names the trigger for people.
func (f Fired) Label() string { return watcher{Trigger: f.Trigger, Name: f.Name}.Label() }

// sample is what one look counted, for triggers that look back.
type sample struct {
	at      float64
	judged  []judge.Counts
	watched []Watched
}

func (b TickBody) sample() sample {
	return sample{at: b.Input.At, judged: b.Input.Counts, watched: b.Watched}
}

// counts finds what a trigger watches in a look.
func (s sample) counts(w watcher, onlyWatched bool) (judge.Counts, bool) {
	for _, c := range s.watched {
		if c.Metric == w.Metric && (w.Signal == "" || c.Signal == w.Signal) {
			return c.Counts, true
		}
	}
	if onlyWatched {
		return judge.Counts{}, false
	}
	for _, c := range s.judged {
		if c.Metric == w.Metric {
			return c, true
		}
	}
	return judge.Counts{}, false
}

// fired evaluates the triggers that need counts, after one more look. It is pure. While
// a signal is late only external triggers are: they need no other's counts.
func (r *Rollout) fired(tick TickBody, primed bool) []Fired {
	var out []Fired
	samples := append(slices.Clip(r.samples), tick.sample())
	for _, w := range r.Spec.watchers() {
		only := slices.Contains(r.watches(w.Signal), w.Metric)
		text := ""
		if !primed && w.Trigger != TriggerExternal {
			continue
		}
		switch w.Trigger {
		case TriggerBurnRate:
			text = r.burns(samples, w, only)
		case TriggerErrorCeiling:
			text = r.exceeds(samples, w, only)
		default:
			text = rings(samples[len(samples)-1], w, only)
			if says := tick.says(w); text != "" && says != "" {
				text += ": " + says
			}
		}
		if text != "" {
			out = append(out, Fired{Trigger: w.Trigger, Name: w.Name, Text: text, Off: !r.Spec.Policy.during(w.Trigger, w.Name).on(r.baking())})
		}
	}
	return out
}

// ringing keeps of a look whose other signals are late what only external triggers
// watch: an alarm is worth nothing a minute later.
func (r *Rollout) ringing(seen []Watched) []Watched {
	var out []Watched
	for _, s := range seen {
		external := true
		for _, w := range r.Spec.watchers() {
			if w.Metric == s.Metric && (w.Signal == "" || w.Signal == s.Signal) && w.Trigger != TriggerExternal {
				external = false
			}
		}
		if external && s.BadBaseline+s.BadCanary > 0 {
			out = append(out, s)
		}
	}
	return out
}

// says is what a signal said in words of what a trigger watches.
func (b TickBody) says(w watcher) string {
	for _, c := range b.Watched {
		if c.Metric == w.Metric && c.Signal == w.Signal {
			return c.Says
		}
	}
	return ""
}

// baking is whether the rollout is past its steps.
func (r *Rollout) baking() bool {
	return r.State == Baking || r.PausedFrom == Baking && r.State == Paused
}

// tally is what the new artifact's arm did over a range that ends with the last look.
type tally struct{ bad, total, badOld, totalOld float64 }

func (t tally) share() float64 {
	if t.total == 0 {
		return 0
	}
	return t.bad / t.total
}

func add(samples []sample, w watcher, only bool, over time.Duration) tally {
	var sum tally
	last := samples[len(samples)-1].at
	for _, s := range slices.Backward(samples) {
		if s.at <= last-over.Seconds() {
			break
		}
		if c, ok := s.counts(w, only); ok {
			sum.bad += c.BadCanary
			sum.total += c.TotalCanary
			sum.badOld += c.BadBaseline
			sum.totalOld += c.TotalBaseline
		}
	}
	return sum
}

// burns says in numbers that the error budget burns too quickly, or nothing.
func (r *Rollout) burns(samples []sample, w watcher, only bool) string {
	b, ceiling := r.Spec.Policy.Triggers.BurnRate, r.Spec.burnCeiling()
	for _, window := range b.Windows {
		long, short := add(samples, w, only, window.Long.Std()), add(samples, w, only, window.Short.Std())
		slow := long.share() / ceiling * r.lived(samples, window.Long)
		fast := short.share() / ceiling * r.lived(samples, window.Short)
		if long.total < float64(*b.MinRequests) || slow < window.Factor || fast < window.Factor {
			continue
		}
		return fmt.Sprintf("%s spend the error budget of %g %% at %.3g times its rate over %s (%s) and at %.3g times over %s (%s); the limit is %g",
			w.Metric, 100*ceiling, slow, window.Long, long.text(), fast, window.Short, short.text(), window.Factor)
	}
	return ""
}

// lived is the part of a range in which the new artifact had traffic, 0 to 1. The
// time before spent nothing of the budget: one bad request in the first minute is
// not an hour's worth of them.
func (r *Rollout) lived(samples []sample, over field.Duration) float64 {
	life := samples[len(samples)-1].at - samples[0].at + r.Spec.Strategy.Analysis.Interval.Std().Seconds()
	return min(life/over.Std().Seconds(), 1)
}

// exceeds says in numbers that too large a share of the events is bad, or nothing.
func (r *Rollout) exceeds(samples []sample, w watcher, only bool) string {
	c := r.Spec.Policy.Triggers.ErrorCeiling
	sum := add(samples, w, only, c.Over.Std())
	if sum.total < float64(*c.MinRequests) || sum.share() <= c.Share {
		return ""
	}
	return fmt.Sprintf("%s over %s: %s; the ceiling is %g %%", w.Metric, c.Over, sum.text(), 100*c.Share)
}

// text writes both arms' numbers. The old one's decide nothing, and tell a bad
// artifact from a bad hour.
func (t tally) text() string {
	return fmt.Sprintf("%s of %s on the new artifact, %s, and %s of %s on the old one", count(t.bad), count(t.total), share(t.bad, t.total), count(t.badOld), count(t.totalOld))
}

// rings says that an external signal counted something, or nothing.
func rings(s sample, w watcher, only bool) string {
	c, ok := s.counts(w, only)
	if bad := c.BadCanary + c.BadBaseline; ok && bad > 0 {
		return fmt.Sprintf("the signal %q counted %s of %q since the last look", w.Signal, count(bad), w.Metric)
	}
	return ""
}

// fixTriggers says, before the first step, which signal counts what only triggers
// need.
func (d *driver) fixTriggers(ctx context.Context, r *Rollout, body *AnalysisBody) error {
	watchers := r.Spec.watchers()
	if len(watchers) == 0 {
		return nil
	}
	if err := d.openSources(ctx, r); err != nil {
		return err
	}
	for _, w := range watchers {
		source, problem := sourceOf(w.Metric, w.Signal, d.sources)
		if problem != "" {
			return fmt.Errorf("the trigger %s: %s", w.Label(), problem)
		}
		if slices.ContainsFunc(body.Queries[source], func(q signal.Query) bool { return q.Metric == w.Metric }) {
			continue
		}
		if r.Spec.Strategy.Analysis.Metrics[w.Metric].SlowerThan != nil {
			body.warn(fmt.Sprintf("the trigger %s rests in this rollout, since its metric %q has no threshold", w.Label(), w.Metric))
			continue
		}
		query := signal.Query{Metric: w.Metric}
		if err := d.hear(ctx, source, []signal.Query{query}); err != nil {
			return fmt.Errorf("the trigger %s: signal %q: %w", w.Label(), source, err)
		}
		if body.Queries == nil {
			body.Queries = map[string][]signal.Query{}
		}
		if body.Watches == nil {
			body.Watches = map[string][]string{}
		}
		body.Queries[source] = append(body.Queries[source], query)
		body.Watches[source] = append(body.Watches[source], w.Metric)
	}
	return nil
}

// watch takes what only triggers need out of a signal's answer. What cannot be
// counted is a problem: a trigger that sees nothing is no pass.
func (t *TickBody) watch(name string, counts signal.Counts, r *Rollout) {
	for _, metric := range r.watches(name) {
		sum := Watched{Signal: name, Counts: judge.Counts{Metric: metric}}
		arms := map[target.Arm]bool{}
		for _, c := range counts.Counts {
			if c.Metric != metric {
				continue
			}
			arms[c.Arm] = true
			if c.Says != "" {
				sum.Says = c.Says
			}
			if c.Arm == target.Canary {
				sum.BadCanary, sum.TotalCanary = c.Bad, c.Total
			} else {
				sum.BadBaseline, sum.TotalBaseline = c.Bad, c.Total
			}
		}
		t.blind(name, metric, arms, counts, r)
		if len(arms) > 0 {
			t.Watched = append(t.Watched, sum)
		}
	}
}

// blind notes the triggers that are on and cannot see what they watch: an external
// one needs either arm, the others the new artifact's.
func (t *TickBody) blind(name, metric string, seen map[target.Arm]bool, counts signal.Counts, r *Rollout) {
	for _, w := range r.Spec.watchers() {
		sees := seen[target.Canary] || w.Trigger == TriggerExternal && seen[target.Baseline]
		if w.Metric != metric || w.Signal != "" && w.Signal != name || sees || !r.Spec.Policy.during(w.Trigger, w.Name).on(r.baking()) {
			continue
		}
		why := "no count"
		for _, m := range counts.Missing {
			if m.Metric == metric && (m.Arm == target.Canary || w.Trigger == TriggerExternal) {
				why = m.Reason
			}
		}
		t.Problems = append(t.Problems, fmt.Sprintf("the trigger %s sees nothing: the signal %q could not count %s: %s", w.Label(), name, metric, why))
	}
}

// validateWatchers checks that a signal counts what each trigger watches.
func (s Spec) validateWatchers(sources map[string]signal.Source) field.Errors {
	var errs field.Errors
	for _, w := range s.watchers() {
		if _, problem := sourceOf(w.Metric, w.Signal, sources); problem != "" {
			errs = append(errs, field.Error{Path: "rollback_policy", Msg: fmt.Sprintf("the policy %q watches the metric %q by its trigger %s: %s; take one that is counted, for example metric = \"errors\"", s.Policy.Name, w.Metric, w.Label(), problem)})
		}
	}
	return errs
}
