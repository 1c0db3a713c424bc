// Package ledgertest is the suite that holds every driver of the ledger to the
// contract that ledger.Ledger states.
package ledgertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Options say what a driver can do for the suite.
type Options struct {
	// Reopen returns a further handle on the ledger that l is a handle on, as
	// another process would open it. It is required. The caller closes neither.
	Reopen func(t *testing.T, l ledger.Ledger) ledger.Ledger
	// Tamper changes the stored body of a record behind the driver's back. It is
	// required: a driver that cannot be tampered with cannot be trusted to notice.
	Tamper func(t *testing.T, l ledger.Ledger, stream string, seq uint64)
	// Remove takes a record out behind the driver's back. It is required.
	Remove func(t *testing.T, l ledger.Ledger, stream string, seq uint64)
}

// Run runs the suite. Each call of fresh returns a handle on a new ledger, which
// fresh closes by t.Cleanup.
func Run(t *testing.T, fresh func(t *testing.T) ledger.Ledger, opts Options) {
	t.Helper()
	if opts.Reopen == nil || opts.Tamper == nil || opts.Remove == nil {
		t.Fatal("ledgertest: Options.Reopen, Tamper and Remove are required")
	}
	for _, group := range []struct {
		name  string
		cases []test
	}{
		{"append", appendTests},
		{"read", readTests},
		{"query", queryTests},
		{"lease", leaseTests},
		{"together", togetherTests},
		{"history", historyTests},
		{"whole", wholeTests},
		{"bad input", badTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					c.run(&suite{T: t, l: fresh(t), opts: opts})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(s *suite)
}

// suite is one case's ledger and what helps with it.
type suite struct {
	*testing.T
	l    ledger.Ledger
	opts Options
}

// epoch is when the suite's records were written.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// entry returns an ordinary entry, told from others by n.
func entry(n int) ledger.Entry {
	return ledger.Entry{
		ID:          fmt.Sprintf("entry-%d", n),
		Kind:        "rollout.opened",
		At:          epoch.Add(time.Duration(n) * time.Second),
		Actor:       "ci@acme",
		Service:     "checkout",
		Environment: "production",
		Body:        json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
	}
}

// fill appends n ordinary entries.
func (s *suite) fill(stream string, n int) []ledger.Record {
	s.Helper()
	var out []ledger.Record
	for i := range n {
		out = append(out, s.append(stream, uint64(i), entry(i+1)))
	}
	return out
}

func (s *suite) append(stream string, after uint64, e ledger.Entry) ledger.Record {
	s.Helper()
	r, err := s.l.Append(s.Context(), stream, after, e)
	if err != nil {
		s.Fatalf("Append(%s, %d, %s): %v", stream, after, e.ID, err)
	}
	return r
}

func (s *suite) read(stream string, from uint64) []ledger.Record {
	s.Helper()
	records, err := s.l.Read(s.Context(), stream, from)
	if err != nil {
		s.Fatalf("Read(%s, %d): %v", stream, from, err)
	}
	return records
}

// same fails unless got is want; a nil and an empty list are the same.
func (s *suite) same(what string, want, got []ledger.Record) {
	s.Helper()
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// as fails unless err is of type E, and returns it.
func as[E error](s *suite, what string, err error) E {
	s.Helper()
	var e E
	if !errors.As(err, &e) {
		s.Fatalf("%s: got error %v, want %T", what, err, e)
	}
	return e
}

// is fails unless err wraps target.
func (s *suite) is(what string, err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Fatalf("%s: got error %v, want %v", what, err, target)
	}
}

func (s *suite) ok(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
