package main

import (
	"net/http"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (s *stage) drift() {
	s.say("Somebody with access to the router sends 30 % of the traffic to 1.0.0, past Terraform and past Sluice.")
	if s.stopped() {
		return
	}
	if err := s.admin(http.MethodPut, "/weight", lab.Weight{Weight: 30, Version: "1.0.0"}, nil); err != nil {
		s.fail("the lab's weight can be moved by hand", err.Error(), "")
		return
	}
	status, err := s.look()
	if err != nil {
		s.fail("the lab says what it serves", err.Error(), "")
		return
	}
	s.say("The lab serves " + arms(status.Observation) + " now. The next plan tells it, path by path, what is expected against what is there:")
	r := s.terraform("plan")
	if !s.stopped() {
		parts := []string{}
		if diff := change(r.text, "sluice_drift_check.checkout"); diff != "" {
			parts = append(parts, diff)
		}
		parts = append(parts, boxes(r.text, "Warning")...)
		parts = append(parts, boxes(r.text, "Error")...)
		s.out.excerpt(shortened(strings.Join(parts, "\n\n")))
	}
	s.exited(r, 2, "plan finds the drift (exit code 2)")
	missing := containsAll(r.text, "baseline.weight", "canary.weight", "100 %", "70 %", "30 %")
	s.expect("it names the paths, with what is expected and what is observed", missing == "", "there is no "+missing+" in:\n"+r.text)

	s.say("The check is told to repair what it finds. Apply brings back what the ledger says should serve:")
	watch := s.follow()
	r = s.terraform("apply")
	watch()
	s.applied(r)
	s.serves("1.2.1")
	s.lastRollout(6, release.Repair, release.Succeeded)
	s.settled()
}
