package ledgertest

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// badTests hold the drivers to the same limits, so that a ledger can be moved from any
// to any other: what one takes the others take, and what one refuses all refuse, with
// nothing written.
var badTests = []test{
	{"the largest record, and one larger", func(s *suite) {
		body := func(size int) json.RawMessage {
			return json.RawMessage(`{"x":"` + strings.Repeat("x", size-len(`{"x":""}`)) + `"}`)
		}
		e := entry(1)
		e.Body = body(ledger.MaxBody)
		largest := s.append("large", 0, e)
		// By its hash: comparing millions of bytes one by one takes seconds.
		only := func(what string) {
			if got := s.read("large", 1); len(got) != 1 || got[0].Hash != largest.Hash || !bytes.Equal(got[0].Body, e.Body) {
				s.Errorf("%s: %d records", what, len(got))
			}
		}
		only("the largest")
		for _, size := range []int{ledger.MaxBody + 1, 5_000_000, 5 << 20} {
			larger := entry(2)
			larger.Body = body(size)
			_, err := s.l.Append(s.Context(), "large", 1, larger)
			s.is("a larger one", err, ledger.ErrInvalid)
			if !strings.Contains(err.Error(), "it has at most 4194304") {
				s.Errorf("it does not say what is allowed: %v", err)
			}
		}
		only("after the refused")
	}},
	{"names that would climb", func(s *suite) {
		names := []string{
			"..", "../..", "../../etc/passwd", "/etc/passwd", "a/../b", "a//b", "a/", ".", "%2e%2e/x", `..\x`, "C:", "con", "ü/😀", "a b",
			strings.Repeat("x", ledger.MaxStream), strings.Repeat("/..", 400), strings.Repeat("😀", 300),
		}
		for _, name := range names {
			want := s.append(name, 0, entry(1))
			s.same(name, []ledger.Record{want}, s.read(name, 1))
			err := s.l.SwapLease(s.Context(), ledger.Lease{Name: name}, ledger.Lease{Name: name, Holder: "a", Fence: 1, TTL: 1})
			s.ok("the lease "+name, err)
		}
		heads, err := s.l.Heads(s.Context(), "")
		s.ok("heads", err)
		if len(heads) != len(names)+1 {
			s.Errorf("%d names are %d streams: two are one, or one is lost", len(names)+1, len(heads))
		}
		for _, name := range []string{"", "a\x00b", "a\nb", "\xff", strings.Repeat("x", ledger.MaxStream+1), strings.Repeat("😀", 301)} {
			_, err := s.l.Append(s.Context(), name, 0, entry(1))
			s.is("append to a name that none takes", err, ledger.ErrInvalid)
			s.is("its lease", s.l.SwapLease(s.Context(), ledger.Lease{Name: name}, ledger.Lease{Name: name, Holder: "a", Fence: 1, TTL: 1}), ledger.ErrInvalid)
		}
	}},
}
