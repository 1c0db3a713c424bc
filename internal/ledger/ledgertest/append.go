package ledgertest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const stream = "release/checkout/production"

var appendTests = []test{
	{"a record is sealed into the chain", func(s *suite) {
		records := s.fill(stream, 3)
		prev := ledger.ZeroHash
		for i, r := range records {
			if diff := cmp.Diff(ledger.Seal(stream, uint64(i+1), prev, entry(i+1)), r); diff != "" {
				s.Errorf("record %d (-want +got):\n%s", i+1, diff)
			}
			prev = r.Hash
		}
	}},
	{"behind what is not the last record is a conflict", func(s *suite) {
		want := s.fill(stream, 2)
		for _, after := range []uint64{0, 1, 3, 1 << 40} {
			_, err := s.l.Append(s.Context(), stream, after, entry(9))
			c := as[*ledger.ConflictError](s, "append", err)
			if c.Last != 2 || c.After != after || c.Reused || c.Stream != stream {
				s.Errorf("after %d: got %+v", after, c)
			}
		}
		s.same("the stream after the conflicts", want, s.read(stream, 1))
	}},
	{"behind something in an empty stream is a conflict", func(s *suite) {
		_, err := s.l.Append(s.Context(), stream, 1, entry(1))
		if c := as[*ledger.ConflictError](s, "append", err); c.Last != 0 {
			s.Errorf("got %+v", c)
		}
		s.same("the stream", nil, s.read(stream, 1))
	}},
	{"a repeated append returns what is there", func(s *suite) {
		want := s.fill(stream, 3)
		for _, after := range []uint64{0, 1, 3, 77} {
			got := s.append(stream, after, entry(2))
			s.same("the record", want[1:2], []ledger.Record{got})
		}
		s.same("the stream", want, s.read(stream, 1))
	}},
	{"the same id with other content is a conflict", func(s *suite) {
		want := s.fill(stream, 1)
		for name, change := range map[string]func(*ledger.Entry){
			"kind":        func(e *ledger.Entry) { e.Kind = "rollout.closed" },
			"time":        func(e *ledger.Entry) { e.At = e.At.Add(time.Microsecond) },
			"actor":       func(e *ledger.Entry) { e.Actor = "other" },
			"service":     func(e *ledger.Entry) { e.Service = "other" },
			"environment": func(e *ledger.Entry) { e.Environment = "other" },
			"body":        func(e *ledger.Entry) { e.Body = json.RawMessage(`{"n": 1}`) },
		} {
			e := entry(1)
			change(&e)
			_, err := s.l.Append(s.Context(), stream, 1, e)
			if c := as[*ledger.ConflictError](s, name, err); !c.Reused {
				s.Errorf("%s: got %+v, want Reused", name, c)
			}
		}
		s.same("the stream", want, s.read(stream, 1))
	}},
	{"the same id in another stream is another record", func(s *suite) {
		s.fill(stream, 1)
		if r := s.append("release/cart/production", 0, entry(1)); r.Seq != 1 {
			s.Errorf("got number %d", r.Seq)
		}
	}},
	{"streams whose names differ a little are different streams", func(s *suite) {
		names := []string{
			"a", "A", "a/", "a ", "a/b", "a//b", "a%2Fb", "a_", "a*", "ä", "a\u0308", "..", "../a", ".", "%", "'; --", `"`, `\`,
			"日本/環境", "🚀", strings.Repeat("x", ledger.MaxStream),
		}
		for i, name := range names {
			s.append(name, 0, entry(i+1))
		}
		for i, name := range names {
			got := s.read(name, 1)
			if len(got) != 1 || got[0].Stream != name || got[0].ID != entry(i+1).ID {
				s.Errorf("stream %q: got %+v", name, got)
			}
		}
	}},
	{"time is kept to the microsecond in UTC", func(s *suite) {
		e := entry(1)
		e.At = time.Date(2026, 3, 1, 14, 0, 0, 123456999, time.FixedZone("there", 2*3600))
		want := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
		for what, r := range map[string]ledger.Record{"returned": s.append(stream, 0, e), "read": s.read(stream, 1)[0]} {
			if r.At != want {
				s.Errorf("%s: got %v, want %v", what, r.At, want)
			}
		}
		s.append(stream, 0, e)
	}},
	{"instants far off are kept", func(s *suite) {
		for i, at := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)} {
			e := entry(i)
			e.At = at
			s.append(stream, uint64(i), e)
			if got := s.read(stream, uint64(i+1))[0].At; !got.Equal(at) {
				s.Errorf("got %v, want %v", got, at)
			}
		}
	}},
	{"the bytes of a body are kept", func(s *suite) {
		bodies := []string{
			`{}`, "{\n\t\"a\" :  1.0,\"a\":1e400 }\n", `{"html":"<&>\u003c","sep":"` + "\u2028" + `","nul":"\u0000","ü":"🚀"}`, ` {"z":1,"a":2}`,
		}
		for i, body := range bodies {
			e := entry(i + 1)
			e.Body = json.RawMessage(body)
			s.append(stream, uint64(i), e)
		}
		for i, r := range s.read(stream, 1) {
			if string(r.Body) != bodies[i] {
				s.Errorf("got %q, want %q", r.Body, bodies[i])
			}
		}
	}},
	{"a body of a megabyte is kept", func(s *suite) {
		e := entry(1)
		e.Body = json.RawMessage(`{"big":"` + strings.Repeat("0123456789abcdef", 1<<16) + `"}`)
		s.append(stream, 0, e)
		s.append(stream, 1, entry(2))
		if got := s.read(stream, 1)[0].Body; string(got) != string(e.Body) {
			s.Errorf("got %d bytes, want %d", len(got), len(e.Body))
		}
	}},
	{"the caller's bytes may be used again", func(s *suite) {
		e := entry(1)
		want := string(e.Body)
		r := s.append(stream, 0, e)
		copy(e.Body, "XXXXXXX")
		got := s.read(stream, 1)
		copy(got[0].Body, "YYYYYYY")
		if again := s.read(stream, 1); string(again[0].Body) != want {
			s.Errorf("got %s, want %s (returned %s)", again[0].Body, want, r.Body)
		}
	}},
	{"what is not valid is refused before anything else", func(s *suite) {
		bad := entry(1)
		bad.Kind = "Not A Kind"
		_, err := s.l.Append(s.Context(), stream, 0, bad)
		s.is("a bad kind", err, ledger.ErrInvalid)
		_, err = s.l.Append(s.Context(), "", 0, entry(1))
		s.is("an empty stream", err, ledger.ErrInvalid)
		_, err = s.l.Append(s.Context(), "a\x00b", 0, entry(1))
		s.is("a NUL in the stream", err, ledger.ErrInvalid)
		s.same("the stream", nil, s.read(stream, 1))
	}},
	{"a context that is over writes nothing", func(s *suite) {
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		_, err := s.l.Append(ctx, stream, 0, entry(1))
		s.is("append", err, context.Canceled)
		_, err = s.l.Read(ctx, stream, 1)
		s.is("read", err, context.Canceled)
		_, err = s.l.Heads(ctx, "")
		s.is("heads", err, context.Canceled)
		_, err = s.l.Query(ctx, ledger.Filter{})
		s.is("query", err, context.Canceled)
		_, err = s.l.Lease(ctx, stream)
		s.is("lease", err, context.Canceled)
		s.is("swap", s.l.SwapLease(ctx, ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "a", Fence: 1, TTL: time.Second}), context.Canceled)
		s.same("the stream", nil, s.read(stream, 1))
		if lease, err := s.l.Lease(s.Context(), "x"); err != nil || lease.Fence != 0 {
			s.Errorf("the lease: %+v, %v", lease, err)
		}
	}},
}
