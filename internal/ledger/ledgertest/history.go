package ledgertest

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
)

// checked bounds the check of one part of a history. It takes milliseconds as a rule.
const checked = 2 * time.Minute

var historyTests = []test{
	{"what many handles are answered is linearizable", func(s *suite) {
		storm := history.Storm{Seed: 7, Clients: 6, Each: 25, Groups: 2}
		handles := make([]ledger.Ledger, storm.Clients)
		for i := range handles {
			// Two clients share a handle, as the goroutines of one process do.
			if handles[i] = s.l; i > 1 {
				handles[i] = s.opts.Reopen(s.T, s.l)
			}
		}
		ops, err := storm.Run(s.Context(), func(i int) ledger.Ledger { return handles[i] }, s.opts.Reopen(s.T, s.l))
		s.ok("the storm", err)
		report, err := history.Check(ops, checked)
		s.ok("the history", err)
		// Nothing was injected, so everything has an outcome. A group falls into parts
		// where nobody has tied its streams and its lease to each other.
		if report.Open != 0 || report.Parts < storm.Groups {
			s.Errorf("%+v", report)
		}
		_, err = ledger.Verify(s.Context(), s.l, ledger.VerifyOptions{})
		s.ok("verify", err)
	}},
}
