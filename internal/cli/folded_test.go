package cli

import "testing"

func TestErrorsAreFoldedBelowTheirHeadings(t *testing.T) {
	for line, want := range map[string]string{
		"  What happened   at 5 % (step 1 of 4), after 38 s: errors": "" +
			"  What happened   at 5 % (step 1 of\n                  4), after 38 s:\n                  errors",
		"  What serves now 1.0.0 at 75 %, 1.1.0 at 25 %": "" +
			"  What serves now 1.0.0 at 75 %, 1.1.0\n                  at 25 %",
		"                  a line that goes on below it": "" +
			"                  a line that goes on\n                  below it",
		"  Name another one with --ledger URL or so": "" +
			"  Name another one with --ledger URL\n  or so",
		"  record a/b#3 is not what was written: gap": "" +
			"  record a/b#3 is not what was\n  written: gap",
		"                  sluice abort a/b --reason \"...\"": "" +
			"                  sluice abort a/b --reason \"...\"",
		"  sluice abort checkout/production --reason x": "" +
			"  sluice abort checkout/production --reason x",
		"  The record      sluice explain checkout/production/3": "" +
			"  The record      sluice explain checkout/production/3",
	} {
		if got := folded(line, 36); got != want {
			t.Errorf("%q\n got %q\nwant %q", line, got, want)
		}
	}
}
