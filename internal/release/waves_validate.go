package release

import (
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

const exampleTargets = `targets = [{ name = "eu-1", target = { contract = { url = "https://eu-1.example" } } }]`

// ValidateWaves checks how a release goes over so many targets. Paths are relative
// to the attribute waves.
func (w Waves) ValidateWaves(targets int) field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if w.Order != "" && !slices.Contains(WaveOrders(), string(w.Order)) {
		add("order", "%q is not an order; it must be declared or shuffled, for example \"shuffled\"", w.Order)
	}
	for i, n := range w.Sizes {
		if n < 1 || n > MaxTargets {
			add(fmt.Sprintf("sizes[%d]", i), "%d is not the size of a wave; it must be from 1 to %d, and the last size is repeated until no target is left, for example [1, 5]", n, MaxTargets)
		}
	}
	if w.MaxParallel < 0 || w.MaxParallel > MaxParallelLimit {
		add("max_parallel", "%d targets at once are not possible; it must be from 1 to %d, for example %d", w.MaxParallel, MaxParallelLimit, DefaultMaxParallel)
	}
	switch {
	case w.FailureBudget < 0:
		add("failure_budget", "%d is negative; it is how many targets may fail before everything goes back, from 0 on, for example 1", w.FailureBudget)
	case targets > 0 && w.FailureBudget >= targets:
		add("failure_budget", "%d of %d targets may fail, so nothing would ever go back; it must be below the number of targets, for example %d", w.FailureBudget, targets, targets-1)
	}
	if w.Soak < 0 || w.Soak.Std() > MaxWaveSoak {
		add("soak", "%s is not a time between waves; it must be from 0s to %s, for example \"10m\"", w.Soak, field.FormatDuration(MaxWaveSoak))
	}
	return errs
}

// ValidateTargets checks names, regions, and that no runtime stands there twice.
func ValidateTargets(targets []TargetSpec) field.Errors {
	var errs field.Errors
	if len(targets) > MaxTargets {
		return field.Errors{{Path: "targets", Msg: fmt.Sprintf("there are %d targets; at most %d are allowed, so split the release", len(targets), MaxTargets)}}
	}
	named, runtimes := map[string]int{}, map[string]int{}
	for i, t := range targets {
		path := fmt.Sprintf("targets[%d]", i)
		if msg := targetName(t.Name); msg != "" {
			errs = append(errs, field.Error{Path: path + ".name", Msg: msg})
		} else if first, twice := named[t.Name]; twice {
			errs = append(errs, field.Error{Path: path + ".name", Msg: fmt.Sprintf("the name %q is that of targets[%d] already; allowed is each name once, for example \"%s-2\"", t.Name, first, t.Name)})
		} else {
			named[t.Name] = i
		}
		if t.Region != "" {
			if msg := field.Name(t.Region); msg != "" {
				errs = append(errs, field.Error{Path: path + ".region", Msg: msg})
			}
		}
		runtime := t.Target.Driver + "\x00" + canonical(t.Target.Config)
		if first, twice := runtimes[runtime]; twice && t.Target.Driver != "" {
			errs = append(errs, field.Error{Path: path + ".target", Msg: fmt.Sprintf("it is the same runtime as that of targets[%d] (%q), and two rollouts must not drive one; allowed is each runtime once, for example with another url", first, targets[first].Name)})
		} else {
			runtimes[runtime] = i
		}
	}
	return errs
}

// validateWaved checks what a release over many targets must keep.
func (s Spec) validateWaved() field.Errors {
	if !s.Waved() {
		return field.Errors{{Path: "waves", Msg: "there are no targets to go over; waves needs at least one, for example " + exampleTargets}}
	}
	errs := s.Waves.normalize().ValidateWaves(len(s.Targets)).Under("waves")
	errs = append(errs, ValidateTargets(s.Targets)...)
	if s.Target.Driver != "" {
		errs = append(errs, field.Error{Path: "targets", Msg: "target is given as well; exactly one of them must be, for example " + exampleTargets})
	}
	if s.Mode == Observe {
		errs = append(errs, field.Error{Path: "mode", Msg: "a release over many targets cannot only observe; allowed with targets is enforce, for example mode = \"enforce\", or one release for each target"})
	}
	seen := map[string]bool{}
	for i, t := range s.Targets {
		part, _ := s.Part(t.Name)
		for _, e := range append(part.validatePolicy(), part.validateMetrics()...) {
			if len(t.Signals) > 0 {
				e.Path = fmt.Sprintf("targets[%d].%s", i, e.Path)
			}
			if !seen[e.Error()] {
				seen[e.Error()] = true
				errs = append(errs, e)
			}
		}
	}
	return errs
}
