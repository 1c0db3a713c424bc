package cli

import (
	"regexp"
	"strings"
	"testing"
)

// printedLift finds the command that lifts a quarantine in what was printed.
func printedLift(t *testing.T, text string) []string {
	t.Helper()
	found := regexp.MustCompile(`sluice (quarantine lift [^"]*)--reason "\.\.\."`).FindStringSubmatch(strings.Join(strings.Fields(text), " "))
	if found == nil {
		t.Fatalf("no command to lift the quarantine in:\n%s", text)
	}
	return append(strings.Fields(found[1]), "--reason", "it was the database")
}

// TestEachPrintedCommandToLiftAQuarantineCanBePasted: also where more than one artifact
// is quarantined, and where two of them are of one version.
func TestEachPrintedCommandToLiftAQuarantineCanBePasted(t *testing.T) {
	w := toldWorld(t)
	again := strings.Replace(bad.Reference, "@sha256:2", "@sha256:a", 1)
	for _, reference := range []string{third.Reference, again} {
		w.expect(Done, "quarantine", "add", "checkout/production", reference, "--reason", "leaks")
	}
	for name, printed := range map[string]string{
		"explain": w.expect(Done, "explain", "checkout/production/3").out,
		"wait":    w.expect(RolledBack, "wait", "checkout/production").errors,
		"gates":   w.expect(Blocked, "gates", "checkout/production").out,
	} {
		contains(t, w.expect(Done, printedLift(t, printed)...).out, "Allowed again in checkout/production: 1.2.2")
		w.expect(Done, "quarantine", "add", "checkout/production", "1.2.2", "--reason", "after "+name)
	}
}

// TestThePrintedWithdrawalTakesBackEachWindow: it named the first alone, in quotes that a
// shell reads.
func TestThePrintedWithdrawalTakesBackEachWindow(t *testing.T) {
	w := newWorld(t)
	frozen(w)
	end := closing()
	end.Name = "quarter end"
	w.declare(end)
	r := w.expect(Done, append(overridden(), "--window", "quarter end")...)
	contains(t, r.out, "sluice override withdraw checkout/production --digest "+good.Key()+` --window black-friday --window 'quarter end' --reason "..."`)
}
