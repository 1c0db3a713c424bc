package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// refusal is the longest that a refused apply may take: it never waits for a gate.
const refusal = 15 * time.Second

// freezeFile is where operations writes the freeze down, beside the configuration.
const freezeFile = "freeze.auto.tfvars"

func (s *stage) freeze() {
	from, until := s.frozen()
	freeze := fmt.Sprintf("freeze = {\n  starts_at = %q\n  ends_at   = %q\n}\n", from, until)
	place := filepath.Join(s.config, freezeFile)
	if err := os.WriteFile(place, []byte(freeze), 0o600); err != nil {
		s.fail("the freeze can be written down", err.Error(), "")
	}
	s.say("Peak trade begins. Operations writes a freeze down as " + freezeFile + ", beside the configuration, and applies it. What serves is not touched.")
	if !s.stopped() {
		s.out.excerpt(freeze)
	}
	s.applied(s.terraform("apply"))

	s.say("The repaired version, 1.2.1, is ready now. The plan says that it is blocked, and until when. Apply refuses at once; it never waits for a gate.")
	r := s.terraform("plan", "-var", version("1.2.1"))
	s.warnings(r)
	s.exited(r, 2, "plan finds the change (exit code 2)")
	s.blockedBy(r, "window", "black-friday", strings.ReplaceAll(until, "T", " ")+" Europe/Berlin", "peak trade")

	r = s.terraform("apply", "-var", version("1.2.1"))
	errs := strings.Join(boxes(r.text, "Error"), "\n\n")
	if !s.stopped() {
		s.out.excerpt(shortened(errs))
	}
	s.exited(r, 1, "apply ends with 1")
	missing := containsAll(errs, "black-friday", "What happened", "What to do")
	s.expect("the error names the freeze, and says what to do", missing == "", "it lacks "+missing+":\n"+r.text)
	s.expect("it did not wait: asking is all it took", r.took < refusal, r.took.String())
	s.serves("1.1.0")
	s.lastRollout(3, release.Forward, release.RolledBack)

	s.say("A rollback is never held up. Somebody on call finds that 1.1.0 is slow, and goes back, freeze or no freeze:")
	watch := s.follow()
	r = s.sluice("rollback", checkout.String(), "--reason", "checkout is slow")
	watch()
	s.show(r)
	s.exited(r, 0, "rollback ends with 0")
	s.serves("1.0.0")
	s.lastRollout(4, release.BackOut, release.Succeeded)
	s.thaw(place)
}

// thaw ends the freeze and ships what was waiting.
func (s *stage) thaw(place string) {
	s.say("The configuration follows what is true: 1.0.0 serves, so that is its version again, and there is nothing to release. " +
		"Then peak trade is over, and the freeze is taken away:")
	s.remember("1.0.0")
	if err := os.Remove(place); err != nil {
		s.fail("the freeze can be taken away", err.Error(), "")
	}
	s.applied(s.terraform("apply"))
	s.serves("1.0.0")
	s.lastRollout(4, release.BackOut, release.Succeeded)
	s.settled()

	s.say("Now 1.2.1 may go, the same way as 1.1.0 did:")
	watch := s.follow()
	r := s.terraform("apply", "-var", version("1.2.1"))
	watch()
	s.applied(r)
	s.serves("1.2.1")
	s.judged(s.lastRollout(5, release.Forward, release.Succeeded))
	s.remember("1.2.1")
	s.settled()
}

// show shows all that a program said.
func (s *stage) show(r result) {
	if !s.stopped() {
		s.out.excerpt(shortened(r.text))
	}
}

// frozen gives a freeze around the present moment, in local time of Berlin.
func (s *stage) frozen() (from, until string) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		s.fail("the time in Berlin is known", fmt.Sprintf("this machine has no zone database: %v", err), "")
		return "", ""
	}
	const form = "2006-01-02T15:04"
	now := s.clock.Now().In(berlin)
	end := time.Date(now.Year(), now.Month(), now.Day()+3, 22, 0, 0, 0, berlin)
	return now.Add(-time.Hour).Format(form), end.Format(form)
}
