package ledgertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// push appends e wherever the stream ends, and returns the record.
func push(s *suite, l ledger.Ledger, name string, e ledger.Entry) (ledger.Record, error) {
	after := uint64(0)
	for {
		r, err := l.Append(s.Context(), name, after, e)
		var conflict *ledger.ConflictError
		if err == nil || !errors.As(err, &conflict) || conflict.Reused {
			return r, err
		}
		after = conflict.Last
	}
}

var togetherTests = []test{
	{"many writers on one stream get each number once", func(s *suite) {
		const handles, writers, each = 3, 2, 12
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			seen = map[uint64]string{}
		)
		for h := range handles {
			l := s.opts.Reopen(s.T, s.l)
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						e := entry(1)
						e.ID = fmt.Sprintf("h%d-w%d-%d", h, w, i)
						e.Body = json.RawMessage(`{"id":"` + e.ID + `"}`)
						r, err := push(s, l, stream, e)
						if err != nil {
							s.Errorf("%s: %v", e.ID, err)
							return
						}
						mu.Lock()
						if other, taken := seen[r.Seq]; taken || r.ID != e.ID {
							s.Errorf("number %d was given to %s and to %s (asked for %s)", r.Seq, other, r.ID, e.ID)
						}
						seen[r.Seq] = r.ID
						mu.Unlock()
					}
				})
			}
		}
		wg.Wait()
		records := s.read(stream, 1)
		if len(records) != handles*writers*each {
			s.Errorf("the stream has %d records, want %d", len(records), handles*writers*each)
		}
		for _, r := range records {
			if seen[r.Seq] != r.ID {
				s.Errorf("number %d is %s, and was acknowledged to %s", r.Seq, r.ID, seen[r.Seq])
			}
		}
	}},
	{"of those who want one place one gets it", func(s *suite) {
		for round := range 10 {
			var won atomic.Int64
			var wg sync.WaitGroup
			for i := range 4 {
				l := s.l
				if i%2 == 1 {
					l = s.opts.Reopen(s.T, s.l)
				}
				wg.Go(func() {
					_, err := l.Append(s.Context(), stream, uint64(round), entry(round*10+i))
					var conflict *ledger.ConflictError
					switch {
					case err == nil:
						won.Add(1)
					case !errors.As(err, &conflict):
						s.Errorf("append: %v", err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				s.Fatalf("round %d: %d won", round, won.Load())
			}
		}
	}},
	{"the same append at once from everywhere is one record", func(s *suite) {
		var wg sync.WaitGroup
		results := make([]ledger.Record, 8)
		for i := range results {
			l := s.opts.Reopen(s.T, s.l)
			wg.Go(func() {
				r, err := l.Append(s.Context(), stream, 0, entry(1))
				if err != nil {
					s.Errorf("append: %v", err)
				}
				results[i] = r
			})
		}
		wg.Wait()
		for _, r := range results {
			s.same("the record", s.read(stream, 1), []ledger.Record{r})
		}
	}},
	{"readers see whole prefixes while others write", func(s *suite) {
		writer := s.opts.Reopen(s.T, s.l)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 60 {
				if _, err := writer.Append(s.Context(), stream, uint64(i), entry(i)); err != nil {
					s.Errorf("append: %v", err)
					return
				}
			}
		}()
		for last := 0; ; {
			over := false
			select {
			case <-done:
				over = true
			default:
			}
			n := len(s.read(stream, 1))
			if n < last {
				s.Fatalf("the stream went from %d to %d records", last, n)
			}
			last = n
			if over {
				return
			}
		}
	}},
	{"another handle sees it at once, and the same ledger", func(s *suite) {
		other := s.opts.Reopen(s.T, s.l)
		want := s.fill(stream, 2)
		got, err := other.Read(s.Context(), stream, 1)
		s.ok("read", err)
		s.same("read by another", want, got)
		a, errA := s.l.ID(s.Context())
		b, errB := other.ID(s.Context())
		if a == "" || a != b || errA != nil || errB != nil {
			s.Errorf("ids %q and %q (%v, %v)", a, b, errA, errB)
		}
	}},
	{"the ledger's id stands in its first record", func(s *suite) {
		id, err := s.l.ID(s.Context())
		s.ok("id", err)
		var body ledger.Created
		first := s.read(ledger.LedgerStream, 1)[0]
		s.ok("body", json.Unmarshal(first.Body, &body))
		if diff := cmp.Diff(ledger.Created{Ledger: id, Encoding: ledger.Domain}, body); diff != "" || first.Kind != ledger.KindCreated {
			s.Errorf("kind %s (-want +got):\n%s", first.Kind, diff)
		}
	}},
}
