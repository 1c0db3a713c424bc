package ledgertest

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var wholeTests = []test{
	{"a ledger as it was written verifies", func(s *suite) {
		s.fill(stream, 5)
		s.fill("release/cart/production", 3)
		_, err := ledger.Checkpoint(s.Context(), s.l, "ci@acme", epoch)
		s.ok("checkpoint", err)
		s.fill("release/late/production", 2)
		report, err := ledger.Verify(s.Context(), s.l, ledger.VerifyOptions{})
		s.ok("verify", err)
		if report.Streams != 5 || report.Records != 12 || report.Checkpoints != 1 || len(report.Problems) != 0 {
			s.Errorf("got %+v", report)
		}
	}},
	{"a changed record is named, and so is every other", func(s *suite) {
		for _, name := range []string{"a", "b", "c"} {
			s.fill(name, 4)
		}
		s.opts.Tamper(s.T, s.l, "a", 4)
		s.opts.Tamper(s.T, s.l, "c", 2)
		report, err := ledger.Verify(s.Context(), s.l, ledger.VerifyOptions{})
		if c := as[*ledger.CorruptError](s, "verify", err); c.Stream != "a" || c.Seq != 4 {
			s.Errorf("first is %v", c)
		}
		named := func(stream string, seq uint64) bool {
			return slices.ContainsFunc(report.Problems, func(p *ledger.CorruptError) bool { return p.Stream == stream && p.Seq == seq })
		}
		if !named("a", 4) || !named("c", 2) || named("b", 1) {
			s.Errorf("problems: %v", report.Problems)
		}
	}},
	{"a cut tail shows by the checkpoint", func(s *suite) {
		s.fill(stream, 4)
		_, err := ledger.Checkpoint(s.Context(), s.l, "ci@acme", epoch)
		s.ok("checkpoint", err)
		s.opts.Remove(s.T, s.l, stream, 4)
		_, err = ledger.Verify(s.Context(), s.l, ledger.VerifyOptions{})
		if c := as[*ledger.CorruptError](s, "verify", err); c.Stream != stream || c.Seq != 4 {
			s.Errorf("got %v", c)
		}
	}},
	{"an export is the same bytes twice and holds every record", func(s *suite) {
		s.fill(stream, 3)
		odd := entry(4)
		odd.Body = json.RawMessage("{ \"html\" : \"<&>\" }")
		s.append(stream, 3, odd)
		html := entry(5)
		html.Body = json.RawMessage(`{"html":"<&>"}`)
		s.append(stream, 4, html)
		var a, b bytes.Buffer
		s.ok("export", ledger.Export(s.Context(), s.l, &a))
		s.ok("export", ledger.Export(s.Context(), s.opts.Reopen(s.T, s.l), &b))
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			s.Errorf("two exports differ:\n%s\n%s", a.String(), b.String())
		}
		var got []ledger.Record
		for line := range bytes.Lines(a.Bytes()) {
			var l ledger.ExportLine
			s.ok("line", json.Unmarshal(line, &l))
			r := l.Original()
			s.ok("hash", ledger.CheckHash(r))
			got = append(got, r)
		}
		s.same("exported", append(s.read(ledger.LedgerStream, 1), s.read(stream, 1)...), got)
	}},
}
