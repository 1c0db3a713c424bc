package ledgertest

import (
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var readTests = []test{
	{"from a number on, in order", func(s *suite) {
		want := s.fill(stream, 5)
		for from, skip := range map[uint64]int{0: 0, 1: 0, 2: 1, 3: 2, 5: 4, 6: 5, 99: 5} {
			s.same("from", want[skip:], s.read(stream, from))
		}
	}},
	{"a stream that nobody wrote has no records", func(s *suite) {
		s.fill(stream, 1)
		s.same("read", nil, s.read("release/checkout", 1))
	}},
	{"a changed record stops the reader and is named", func(s *suite) {
		s.fill(stream, 5)
		s.opts.Tamper(s.T, s.l, stream, 3)
		for _, from := range []uint64{1, 3, 4} {
			_, err := s.l.Read(s.Context(), stream, from)
			if c := as[*ledger.CorruptError](s, "read", err); c.Stream != stream || c.Seq != 3 {
				s.Errorf("from %d: got %v", from, c)
			}
		}
		if got, err := s.l.Read(s.Context(), stream, 5); err != nil || len(got) != 1 {
			s.Errorf("behind the damage: %v, %v", got, err)
		}
	}},
	{"a missing record stops the reader and is named", func(s *suite) {
		s.fill(stream, 5)
		s.opts.Remove(s.T, s.l, stream, 3)
		for _, from := range []uint64{1, 2, 3, 4} {
			_, err := s.l.Read(s.Context(), stream, from)
			if c := as[*ledger.CorruptError](s, "read", err); c.Stream != stream || c.Seq != 3 {
				s.Errorf("from %d: got %v", from, c)
			}
		}
	}},
	{"a missing first record is named", func(s *suite) {
		s.fill(stream, 2)
		s.opts.Remove(s.T, s.l, stream, 1)
		_, err := s.l.Read(s.Context(), stream, 1)
		if c := as[*ledger.CorruptError](s, "read", err); c.Seq != 1 {
			s.Errorf("got %v", c)
		}
	}},
	{"nothing is built upon a changed record", func(s *suite) {
		s.fill(stream, 2)
		s.opts.Tamper(s.T, s.l, stream, 2)
		_, err := s.l.Append(s.Context(), stream, 2, entry(3))
		if c := as[*ledger.CorruptError](s, "append", err); c.Stream != stream || c.Seq != 2 {
			s.Errorf("got %v", c)
		}
		_, err = s.l.Append(s.Context(), stream, 1, entry(2))
		_ = as[*ledger.CorruptError](s, "a repeated append", err)
	}},
	{"a changed record shows in heads and queries", func(s *suite) {
		s.fill(stream, 2)
		s.opts.Tamper(s.T, s.l, stream, 2)
		_, err := s.l.Heads(s.Context(), "release/")
		_ = as[*ledger.CorruptError](s, "heads", err)
		_, err = s.l.Query(s.Context(), ledger.Filter{Service: "checkout"})
		_ = as[*ledger.CorruptError](s, "query", err)
	}},
	{"heads are the last records by name", func(s *suite) {
		b := s.fill("release/b/x", 3)[2]
		a := s.fill("release/a/x", 1)[0]
		ab := s.fill("release/a/xy", 2)[1]
		s.fill("other/a", 1)
		for prefix, want := range map[string][]ledger.Record{
			"release/":     {a, ab, b},
			"release/a/x":  {a, ab},
			"release/a/xy": {ab},
			"release/c":    nil,
			"RELEASE/":     nil,
			"release_":     nil,
			"release%":     nil,
		} {
			got, err := s.l.Heads(s.Context(), prefix)
			s.ok("heads", err)
			s.same("heads of "+prefix, want, got)
		}
	}},
	{"heads of everything", func(s *suite) {
		want := map[string]uint64{ledger.LedgerStream: 1, "z": 2, "日本": 1, "🚀🚀": 3}
		for name, n := range want {
			if name != ledger.LedgerStream {
				s.fill(name, int(n))
			}
		}
		got, err := s.l.Heads(s.Context(), "")
		s.ok("heads", err)
		if len(got) != len(want) {
			s.Errorf("got %d streams, want %d", len(got), len(want))
		}
		for i, r := range got {
			if r.Seq != want[r.Stream] || i > 0 && got[i-1].Stream >= r.Stream {
				s.Errorf("head %d is %s#%d", i, r.Stream, r.Seq)
			}
		}
	}},
}
