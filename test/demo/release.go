package main

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// version sets the version that the configuration wishes for.
func version(v string) string { return "checkout_version=" + v }

const resource = "sluice_release.checkout"

// settled checks that a second plan is empty: what is written is what is.
func (s *stage) settled() {
	s.exited(s.quietly("plan"), 0, "a second plan has nothing to do")
}

func (s *stage) firstRelease() {
	s.say("The lab is empty. The configuration wishes for checkout 1.0.0 in production. There is no old version to compare with, " +
		"so the first release goes to 100 % at once, and is watched there for a moment.")
	watch := s.follow()
	r := s.terraform("apply", "-var", version("1.0.0"))
	watch()
	s.applied(r)
	s.serves("1.0.0")
	s.lastRollout(1, release.Forward, release.Succeeded)

	s.say("The example's outputs say the same, and how the rollout went:")
	r = s.terraform("output")
	if !s.stopped() {
		s.out.excerpt(shortened(r.text))
	}
	s.expect("the outputs name 1.0.0 and its weight", containsAll(r.text, "1.0.0", "100") == "", "they are:\n"+r.text)
	s.remember("1.0.0")
	s.settled()
}

func (s *stage) canary() {
	s.say("Somebody raises the version to 1.1.0. The plan shows the steps that traffic will take as a diff, " +
		"and beside it, as one warning, what each gate says and when the rollout can start.")
	r := s.terraform("plan", "-var", version("1.1.0"))
	s.plan(r)
	s.exited(r, 2, "plan finds a change (exit code 2)")
	diff := change(r.text, resource)
	missing := containsAll(diff, "1.1.0 at 5 %", "1.1.0 at 25 %", "1.1.0 at 50 %", "1.1.0 at 100 %")
	s.expect("the diff has the four steps: 5, 25, 50 and 100 %", missing == "", "there is no "+missing+" in:\n"+diff)
	warnings := boxes(r.text, "Warning")
	s.expect("one warning has the gates: window, quarantine, hold", len(warnings) == 1 &&
		containsAll(warnings[0], "window pass", "quarantine pass", "hold pass", "can start") == "",
		fmt.Sprintf("%d warnings:\n%s", len(warnings), strings.Join(warnings, "\n\n")))

	s.say("Apply walks the steps. At each, the judge compares both versions by what users got, and goes on once the new one is proved safe:")
	watch := s.follow()
	r = s.terraform("apply", "-var", version("1.1.0"))
	watch()
	s.applied(r)
	s.serves("1.1.0")
	s.judged(s.lastRollout(2, release.Forward, release.Succeeded))
	s.remember("1.1.0")
	s.settled()
}

// applied shows how an apply ended, and checks that it did so well.
func (s *stage) applied(r result) {
	if line := ended(r.text); line != "" && !s.stopped() {
		s.out.excerpt(line)
	}
	s.exited(r, 0, "apply ends with 0")
}

// remember makes a version the configuration's own, as a commit would.
func (s *stage) remember(v string) {
	if !s.stopped() {
		s.env = append(s.env, "TF_VAR_"+version(v))
	}
}

// plan shows what a plan says of the release, and its warnings.
func (s *stage) plan(r result) {
	if s.stopped() {
		return
	}
	parts := []string{}
	if diff := change(r.text, resource); diff != "" {
		parts = append(parts, only(diff, "artifact", "steps"))
	}
	if line := summary(r.text); line != "" {
		parts = append(parts, line)
	}
	parts = append(parts, boxes(r.text, "Warning")...)
	parts = append(parts, boxes(r.text, "Error")...)
	s.out.excerpt(shortened(strings.Join(parts, "\n\n")))
}

// judged checks that every step below 100 % passed on counts of its own.
func (s *stage) judged(r *release.Rollout) {
	if s.stopped() {
		return
	}
	_, records, err := s.records()
	if err != nil {
		s.fail("the ledger can be read", err.Error(), "")
		return
	}
	safe := map[float64]float64{}
	for _, b := range ticks(records, r.Number) {
		if b.Verdict == nil || b.Verdict.Kind != judge.Safe {
			continue
		}
		if lead := leading(*b.Verdict); lead != nil && lead.TotalBaseline > 0 {
			safe[b.Weight] = lead.TotalCanary
		}
	}
	s.expect("the ledger has counts of both versions behind the verdict \"safe\" at 5, 25 and 50 %",
		0 < safe[5] && safe[5] < safe[25] && safe[25] < safe[50], fmt.Sprintf("requests by weight: %v", safe))
}
