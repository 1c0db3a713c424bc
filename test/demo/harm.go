package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (s *stage) harm() {
	s.say("Version 1.2.0 has a fault: a fifth of its answers are errors (5xx). Nobody knows yet. At 5 % of the traffic the judge finds out, " +
		"everybody goes back to 1.1.0, and apply fails, so that a pipeline stops as well:")
	watch := s.follow()
	r := s.terraform("apply", "-var", version("1.2.0"))
	watch()
	errs := boxes(r.text, "Error")
	if !s.stopped() {
		s.out.excerpt(shortened(strings.Join(errs, "\n\n")))
	}
	s.exited(r, 1, "apply ends with 1")
	missing := containsAll(strings.Join(errs, "\n"), "rolled back", "What happened", "What serves now", "1.1.0 at 100 %", "What to do", "The record")
	s.expect("the error says what happened, what serves now and at which weight, and what to do", len(errs) == 1 && missing == "",
		fmt.Sprintf("%d errors, without %q:\n%s", len(errs), missing, strings.Join(errs, "\n")))
	s.serves("1.1.0")
	s.foundEarly(s.lastRollout(3, release.Forward, release.RolledBack))

	s.say("The state still says 1.1.0, which is true, so the next plan shows the same change again. But 1.2.0 is in quarantine now: " +
		"no merge ships it by accident.")
	r = s.terraform("plan", "-var", version("1.2.0"))
	s.warnings(r)
	s.exited(r, 2, "plan still finds the change (exit code 2)")
	missing = containsAll(change(r.text, resource), `"1.1.0" -> "1.2.0"`)
	s.expect("the change is the same: from 1.1.0 to 1.2.0", missing == "", r.text)
	s.blockedBy(r, "quarantine")
}

// foundEarly checks that the harm was seen while few users could be hurt.
func (s *stage) foundEarly(r *release.Rollout) {
	if s.stopped() {
		return
	}
	_, records, err := s.records()
	if err != nil {
		s.fail("the ledger can be read", err.Error(), "")
		return
	}
	at := -1.0
	for _, b := range ticks(records, r.Number) {
		if b.Verdict != nil && b.Verdict.Kind == judge.Harm {
			at = b.Weight
			break
		}
	}
	s.expect("the verdict \"harm\" fell at 5 % of the traffic", at == 5 && r.Cause == release.CauseHarm, fmt.Sprintf("it fell at %g %%, with the cause %q: %s", at, r.Cause, r.Reason))
}

// warnings shows the warnings of a plan, or its errors, without its diff.
func (s *stage) warnings(r result) {
	if !s.stopped() {
		s.out.excerpt(shortened(strings.Join(append(boxes(r.text, "Warning"), boxes(r.text, "Error")...), "\n\n")))
	}
}

// blockedBy checks that the warning beside a plan says which gate does not pass,
// and that the others do.
func (s *stage) blockedBy(r result, gate string, more ...string) {
	if s.stopped() {
		return
	}
	warnings := boxes(r.text, "Warning")
	all := strings.Join(warnings, "\n")
	want := append([]string{}, more...)
	for _, g := range []string{"window", "quarantine", "hold"} {
		status := " pass"
		if g == gate {
			status = " fail"
		}
		want = append(want, g+status)
	}
	missing := containsAll(all, want...)
	s.expect("the warning says that the gate \""+gate+"\" does not let it pass, and why", len(warnings) == 1 && missing == "",
		fmt.Sprintf("%d warnings, without %q:\n%s", len(warnings), missing, all))
}

// ticks returns what the judge saw in one rollout, in order.
func ticks(records []ledger.Record, number int) []release.TickBody {
	var found []release.TickBody
	current := 0
	for _, rec := range records {
		switch rec.Kind {
		case release.KindOpened:
			var b release.OpenedBody
			if json.Unmarshal(rec.Body, &b) == nil {
				current = b.Number
			}
		case release.KindTick:
			var b release.TickBody
			if current == number && json.Unmarshal(rec.Body, &b) == nil {
				found = append(found, b)
			}
		}
	}
	return found
}
