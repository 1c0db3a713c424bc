package cli

import "testing"

// TestFolded breaks text below its heading, or below the margin where it has none.
func TestFolded(t *testing.T) {
	for _, test := range []struct{ name, line, want string }{
		{"short", "  What to do      nothing", "  What to do      nothing"},
		{
			"below its heading", "  What happened   the canary was judged harmful at a weight of 5 %",
			"  What happened   the canary was judged\n                  harmful at a weight of\n                  5 %",
		},
		{
			"without a heading", "  Name another one with --ledger URL or SLUICE_LEDGER",
			"  Name another one with --ledger URL or\n  SLUICE_LEDGER",
		},
		{
			"a command is copied", "  What to do      sluice rollback checkout production --reason a",
			"  What to do      sluice rollback checkout production --reason a",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := folded(test.line, 40); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
