//go:build unix

package proof

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
)

// counts is what became of what was asked. It says without a checker, and so a second
// time, what linearizability says.
type counts struct {
	// acknowledged counts the appends that somebody was told of, records what is there.
	acknowledged, records int
	// lost were acknowledged and are not there, or not where it was said; doubled are
	// there twice; disordered have a fence behind a greater one.
	lost, doubled, disordered int
	// unasked are there and nobody appended them.
	unasked int
	// fenced counts appends that were refused for their fence.
	fenced int
}

type place struct {
	stream, id string
}

// judge holds the ledger against what its workers were told, and fails for each difference.
func judge(t *testing.T, l ledger.Ledger, ops []history.Op) counts {
	t.Helper()
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err != nil {
		t.Errorf("the ledger does not verify: %v", err)
	}
	var c counts
	asked, told := map[place]bool{}, map[place]*history.Reply{}
	for _, o := range ops {
		if o.Call.Verb != history.Append {
			continue
		}
		at := place{o.Call.Stream, o.Call.Entry.ID}
		asked[at] = true
		switch {
		case o.Open():
		case o.Reply.Kind == history.OK:
			told[at] = o.Reply
		case o.Reply.Kind == history.Fenced:
			c.fenced++
		}
	}
	c.acknowledged = len(told)
	there := c.look(t, l, asked)
	for at, reply := range told {
		if r, ok := there[at]; !ok || r.Seq != reply.Seq || r.Hash != reply.Hash {
			c.lost++
		}
	}
	if c.lost+c.doubled+c.disordered+c.unasked > 0 || c.records+1 != int(report.Records) {
		t.Errorf("%+v, and %d records verify", c, report.Records)
	}
	return c
}

// look reads every stream of the workers.
func (c *counts) look(t *testing.T, l ledger.Ledger, asked map[place]bool) map[place]ledger.Record {
	t.Helper()
	there := map[place]ledger.Record{}
	heads, err := l.Heads(t.Context(), "proof/")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		records, err := l.Read(t.Context(), h.Stream, 1)
		if err != nil {
			t.Fatal(err)
		}
		fence := uint64(0)
		for _, r := range records {
			at := place{r.Stream, r.ID}
			if _, twice := there[at]; twice {
				c.doubled++
			}
			if !asked[at] {
				c.unasked++
			}
			if r.Fence > 0 && r.Fence < fence {
				c.disordered++
			}
			there[at], fence = r, max(fence, r.Fence)
			c.records++
		}
	}
	return there
}
