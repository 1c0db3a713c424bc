package s3_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// What things cost, in requests and bytes, must not grow with history, except where
// history is what is asked for. -v prints the figures. ADR 0031 has those up to a million
// records, which the bench measures.
func TestCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		records int
		// cold is how many requests the first append of a handle may take.
		cold int
		// head is how many bytes a head may take.
		head int64
		// whole is how many requests the whole stream may take.
		whole int
	}{
		{10, 2, 16 << 10, 4},
		{1000, 2, 40 << 10, 9},
		{6000, 2, 70 << 10, 60},
	} {
		t.Run(fmt.Sprint(c.records), func(t *testing.T) { count(t, c.records, c.cold, c.head, c.whole) })
	}
}

func count(t *testing.T, n, cold int, size int64, whole int) {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	s3.Fill(t, open(t, url, s3.Options{}), "s", n, entry)
	warm := open(t, url, s3.Options{})
	if _, err := warm.Append(t.Context(), "other", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	last := uint64(n)
	expect := func(what string, requests int, bytes int64, do func() error) {
		t.Helper()
		s.Take()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := s.Take()
		t.Logf("%6d records, %-42s %3d requests, %7d bytes sent, %7d received", n, what, got.Requests(), got.In, got.Out)
		if got.Requests() > requests || got.In > bytes || got.Out > bytes {
			t.Errorf("%s: %+v, want at most %d requests and %d bytes", what, got, requests, bytes)
		}
	}
	push := func(l *s3.Ledger) func() error {
		return func() error {
			_, err := l.Append(t.Context(), "s", last, entry(int(last)+1))
			last++
			return err
		}
	}
	read := func(l *s3.Ledger, from uint64, want int) func() error {
		return func() error {
			got, err := l.Read(t.Context(), "s", from)
			if err == nil && len(got) != want {
				err = fmt.Errorf("%d records, want %d", len(got), want)
			}
			return err
		}
	}
	query := func(f ledger.Filter, want int) func() error {
		return func() error {
			got, err := open(t, url, s3.Options{}).Query(t.Context(), f)
			if err == nil && len(got) != want {
				err = fmt.Errorf("%d records, want %d", len(got), want)
			}
			return err
		}
	}
	expect("append, head not known", cold, size, push(warm))
	expect("append, head known", 1, size, push(warm))
	for range 140 {
		// Sealed and folded on the way, and never more than two writes.
		s.Take()
		if err := push(warm)(); err != nil {
			t.Fatal(err)
		}
		if got := s.Take(); got.Requests() > 2 || got.In > 2*size {
			t.Fatalf("append %d: %+v", last, got)
		}
	}
	expect("read the newest ten, head not known", 2, size, func() error {
		return read(open(t, url, s3.Options{}), last-9, 10)()
	})
	expect("read the newest ten, head not changed", 1, size, read(warm, last-9, 10))
	expect("read what is new, and nothing is", 1, 1<<10, read(warm, last+1, 0))
	expect("query the newest ten", 5, 2*size, query(ledger.Filter{StreamPrefix: "s", Limit: 10}, 10))
	expect("query a kind that is not there", 5, 2*size, query(ledger.Filter{Kinds: []string{"rollout.closed"}}, 0))
	expect("query one second of history", 12, 5*size, query(ledger.Filter{StreamPrefix: "s", Since: epoch.Add(5 * time.Second), Until: epoch.Add(6 * time.Second)}, 1))
	expect("read all", whole+6, 1<<30, read(warm, 1, int(last)))
}

// Heads read what changed since they were read last.
func TestHeadsCount(t *testing.T) {
	t.Parallel()
	s, l := begin(t)
	for i := range 50 {
		if _, err := l.Append(t.Context(), fmt.Sprintf("release/%02d", i), 0, entry(1)); err != nil {
			t.Fatal(err)
		}
	}
	cold := open(t, s.URL("ledger-1", "acme"), s3.Options{})
	heads := func(what string, want int) {
		t.Helper()
		s.Take()
		if got, err := cold.Heads(t.Context(), "release/"); err != nil || len(got) != 50 {
			t.Fatalf("%s: %d heads, %v", what, len(got), err)
		}
		if got := s.Take().Requests(); got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	heads("first", 51)
	heads("again", 1)
	if _, err := l.Append(t.Context(), "release/07", 1, entry(2)); err != nil {
		t.Fatal(err)
	}
	heads("one changed", 2)
}

// A lease costs one request to renew, and a change of hands two and one for each stream
// that it guards, read and written.
func TestLeaseCount(t *testing.T) {
	t.Parallel()
	s, l := begin(t)
	now := ledger.Lease{Name: "s"}
	swap := func(what string, next ledger.Lease, want int) {
		t.Helper()
		s.Take()
		if err := l.SwapLease(t.Context(), now, next); err != nil {
			t.Fatal(err)
		}
		now = next
		if got := s.Take().Requests(); got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	push := func(what string, n int, fence uint64, want int) {
		t.Helper()
		s.Take()
		if _, err := l.Append(t.Context(), "s", uint64(n-1), fencedBy("s", n, fence)); err != nil {
			t.Fatal(err)
		}
		if got := s.Take().Requests(); got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	swap("taking", ledger.Lease{Name: "s", Holder: "a", Fence: 1, Beat: 1, TTL: 1}, 1)
	push("the first under the lease", 2, 1, 3)
	push("the second", 3, 1, 1)
	swap("renewing", ledger.Lease{Name: "s", Holder: "a", Fence: 1, Beat: 2, TTL: 1}, 1)
	swap("giving back", ledger.Lease{Name: "s", Fence: 1, Beat: 3}, 1)
	swap("taking over", ledger.Lease{Name: "s", Holder: "b", Fence: 2, Beat: 4, TTL: 1}, 4)
	push("the first of the new holder", 4, 2, 1)
}

// A repeated id is found however old it is, and one that is new costs nothing.
func TestOldIDs(t *testing.T) {
	t.Parallel()
	s := s3test.Fake(t)
	l := open(t, s.URL(s.Bucket(t), "acme"), s3.Options{})
	s3.SetLimits(l, 3, 1<<20, 2)
	const n = 200
	s3.Fill(t, l, "s", n, entry)
	for _, i := range []int{1, 2, 77, 150, 199, 200} {
		r, err := l.Append(t.Context(), "s", n, entry(i))
		if err != nil || r.Seq != uint64(i) {
			t.Errorf("entry %d: #%d, %v", i, r.Seq, err)
		}
	}
	again := open(t, s.URL("ledger-1", "acme"), s3.Options{})
	if r, err := again.Append(t.Context(), "s", n, entry(n+1)); err != nil || r.Seq != n+1 {
		t.Errorf("a new one: #%d, %v", r.Seq, err)
	}
}
