package s3_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

const heads = "/heads/"

// begin is a ledger with one record in the stream "s".
func begin(t *testing.T) (*s3test.Server, *s3.Ledger) {
	t.Helper()
	s := s3test.Fake(t)
	l := open(t, s.URL(s.Bucket(t), "acme"), s3.Options{BusyTimeout: 2 * time.Second})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	return s, l
}

func wantLength(t *testing.T, l ledger.Ledger, n int) {
	t.Helper()
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != n {
		t.Errorf("%d records, want %d: %v", len(got), n, err)
	}
}

// A reply that is lost after the write was carried out: the repeated write meets its
// own success, and that is never somebody else's.
func TestReplyLost(t *testing.T) {
	for name, fault := range map[string]s3test.Around{
		"lost after the write":  s3test.Deaf,
		"cut before the write":  s3test.Cut,
		"an error of the store": s3test.Refuse(500, "InternalError", "We encountered an internal error."),
		"an error after the write": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(discard{}, r)
			s3test.Refuse(500, "InternalError", "We encountered an internal error.")(w, r, next)
		},
		"an error of a proxy": s3test.Refuse(502, "", ""),
		"throttled":           s3test.Refuse(503, "SlowDown", "Please reduce your request rate."),
	} {
		s, l := begin(t)
		s.Before(s3test.Of("PUT", heads, s3test.Times(2, fault)))
		r, err := l.Append(t.Context(), "s", 1, entry(2))
		if err != nil || r.Seq != 2 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		s.Before(nil)
		wantLength(t, l, 2)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// When no answer comes at all the outcome is unknown, and the same append again finds
// the record, once.
func TestOutcomeUnknown(t *testing.T) {
	s, l := begin(t)
	s.Before(s3test.Of("PUT", heads, s3test.Deaf))
	_, err := l.Append(t.Context(), "s", 1, entry(2))
	var conflict *ledger.ConflictError
	if err == nil || errors.As(err, &conflict) || errors.Is(err, ledger.ErrBusy) || !strings.Contains(err.Error(), "may have taken effect") {
		t.Fatalf("a lost reply is not an unknown outcome: %v", err)
	}
	s.Before(nil)
	if r, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil || r.Seq != 2 {
		t.Errorf("again: %+v, %v", r, err)
	}
	wantLength(t, l, 2)
}

// A store that refuses for its load is asked again for as long as stated, with growing
// pauses on the injected clock, and then the ledger is busy.
func TestThrottled(t *testing.T) {
	s := s3test.Fake(t)
	c := &sleeper{}
	l := open(t, s.URL(s.Bucket(t), "acme"), s3.Options{BusyTimeout: time.Minute, Clock: c})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	s.Take()
	s.Before(s3test.Refuse(503, "SlowDown", "Please reduce your request rate."))
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("%v", err)
	}
	if n := s.Take().Requests(); n < 20 || n > 80 || c.slept.Load() < int64(50*time.Second) {
		t.Errorf("%d requests in %s", n, time.Duration(c.slept.Load()))
	}
	s.Before(nil)
	wantLength(t, l, 1)
}

// sleeper is a clock on which waiting takes no time.
type sleeper struct{ slept atomic.Int64 }

func (c *sleeper) Now() time.Time { return epoch.Add(time.Duration(c.slept.Load())) }

func (c *sleeper) Sleep(ctx context.Context, d time.Duration) error {
	c.slept.Add(int64(d))
	return ctx.Err()
}

var _ clock.Clock = (*sleeper)(nil)

// What the store says is said in the port's words, without a secret.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		fault s3test.Around
		want  error
		says  string
	}{
		"forbidden":       {s3test.Refuse(403, "AccessDenied", "Access Denied"), ledger.ErrReadOnly, "docs/policies"},
		"full":            {s3test.Refuse(507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."), ledger.ErrFull, ""},
		"key disabled":    {s3test.Refuse(400, "KMS.DisabledException", "The key is disabled."), nil, "key with which the bucket is encrypted"},
		"key forbidden":   {s3test.Refuse(403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey"), nil, "kms:GenerateDataKey"},
		"bucket is gone":  {s3test.Refuse(404, "NoSuchBucket", "The specified bucket does not exist"), ledger.ErrMissing, "no bucket ledger-1"},
		"another region":  {elsewhere, nil, "another region, eu-west-3"},
		"a clock far off": {s3test.Refuse(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."), nil, "set this machine's clock, for example by NTP"},
		"expired":         {s3test.Refuse(400, "ExpiredToken", "The provided token has expired."), nil, "does not take the credentials"},
	} {
		s, l := begin(t)
		s.Before(s3test.Of("PUT", "", c.fault))
		_, err := l.Append(t.Context(), "s", 1, entry(2))
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), s3test.SecretKey) {
			t.Errorf("%s: %v", name, err)
		}
		s.Before(nil)
		wantLength(t, l, 1)
	}
}

// A writer that is paused in the middle of its request, and comes back when its lease
// has gone: the store refuses the write itself.
func TestPausedWriter(t *testing.T) {
	s, first := begin(t)
	mine := ledger.Lease{Name: "s", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
	theirs := ledger.Lease{Name: "s", Holder: "b", Fence: 2, Beat: 2, TTL: time.Second}
	if err := first.SwapLease(t.Context(), ledger.Lease{Name: "s"}, mine); err != nil {
		t.Fatal(err)
	}
	fenced := func(n int, fence uint64) ledger.Entry {
		e := entry(n)
		e.Lease, e.Fence = "s", fence
		return e
	}
	if _, err := first.Append(t.Context(), "s", 1, fenced(2, 1)); err != nil {
		t.Fatal(err)
	}
	arrived, proceed := make(chan struct{}), make(chan struct{})
	s.Before(s3test.Of("PUT", heads, s3test.Times(1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		close(arrived)
		<-proceed
		next.ServeHTTP(w, r)
	})))
	result := make(chan error, 1)
	go func() {
		_, err := first.Append(context.Background(), "s", 2, fenced(3, 1))
		result <- err
	}()
	<-arrived
	second := open(t, s.URL("ledger-1", "acme"), s3.Options{})
	if err := second.SwapLease(t.Context(), mine, theirs); err != nil {
		t.Fatal(err)
	}
	close(proceed)
	var stale *ledger.FencedError
	if err := <-result; !errors.As(err, &stale) || stale.Lease != theirs {
		t.Errorf("the paused writer: %v", err)
	}
	wantLength(t, second, 2)
	if _, err := second.Append(t.Context(), "s", 2, fenced(3, 2)); err != nil {
		t.Errorf("the new holder: %v", err)
	}
}

// A process that dies while it changes a fence leaves a lease that is on its way; the
// next who looks brings it there, before anything is answered.
func TestDiedWhileMoving(t *testing.T) {
	for name, look := range map[string]func(*s3.Ledger) error{
		"by looking at the lease": func(l *s3.Ledger) error { _, err := l.Lease(context.Background(), "x"); return err },
		"by appending": func(l *s3.Ledger) error {
			_, err := l.Append(context.Background(), "s", 1, fencedBy("x", 9, 2))
			return err
		},
		"by renewing": func(l *s3.Ledger) error {
			next := ledger.Lease{Name: "x", Holder: "b", Fence: 2, Beat: 3, TTL: time.Second}
			now := next
			now.Beat = 2
			return l.SwapLease(context.Background(), now, next)
		},
	} {
		s, l := begin(t)
		held := ledger.Lease{Name: "x", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
		taken := ledger.Lease{Name: "x", Holder: "b", Fence: 2, Beat: 2, TTL: time.Second}
		if err := l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, held); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), "other", 0, fencedBy("x", 1, 1)); err != nil {
			t.Fatal(err)
		}
		// The lease is written, and no head after it.
		s.Before(s3test.Of("PUT", heads, s3test.Refuse(403, "AccessDenied", "It died.")))
		if err := open(t, s.URL("ledger-1", "acme"), s3.Options{}).SwapLease(t.Context(), held, taken); err == nil {
			t.Fatal("the change came through")
		}
		s.Before(nil)
		if err := look(open(t, s.URL("ledger-1", "acme"), s3.Options{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var stale *ledger.FencedError
		if _, err := l.Append(t.Context(), "other", 1, fencedBy("x", 2, 1)); !errors.As(err, &stale) {
			t.Errorf("%s: an append under the old fence: %v", name, err)
		}
	}
}

func fencedBy(lease string, n int, fence uint64) ledger.Entry {
	e := entry(n)
	e.Lease, e.Fence = lease, fence
	return e
}

// A lease's change whose answer was lost is a success, though others followed.
func TestSwapReplyLost(t *testing.T) {
	s, l := begin(t)
	held := ledger.Lease{Name: "x", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
	s.Before(s3test.Of("PUT", "/leases/", s3test.Times(1, s3test.Deaf)))
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, held); err != nil {
		t.Error(err)
	}
	next := held
	next.Beat++
	s.Before(s3test.Of("PUT", "/leases/", s3test.Times(1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(discard{}, r)
		s.Before(nil)
		other := open(t, s.URL("ledger-1", "acme"), s3.Options{})
		now, err := other.Lease(context.Background(), "x")
		after := now
		after.Beat++
		if err = errors.Join(err, other.SwapLease(context.Background(), now, after)); err != nil {
			t.Error(err)
		}
		s3test.Cut(w, r, next)
	})))
	if err := l.SwapLease(t.Context(), held, next); err != nil {
		t.Errorf("though others followed: %v", err)
	}
}

// A stream whose every guard was entered and whose records never came is closed to a
// stale writer as well: it would be its first record.
func TestStaleFirstRecord(t *testing.T) {
	s, l := begin(t)
	held := ledger.Lease{Name: "x", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, held); err != nil {
		t.Fatal(err)
	}
	s.Before(s3test.Of("PUT", heads, s3test.Times(1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s.Before(nil)
		taken := ledger.Lease{Name: "x", Holder: "b", Fence: 2, Beat: 2, TTL: time.Second}
		if err := open(t, s.URL("ledger-1", "acme"), s3.Options{}).SwapLease(context.Background(), held, taken); err != nil {
			t.Error(err)
		}
		next.ServeHTTP(w, r)
	})))
	var stale *ledger.FencedError
	if _, err := l.Append(t.Context(), "new", 0, fencedBy("x", 1, 1)); !errors.As(err, &stale) {
		t.Errorf("%v", err)
	}
	got, err := l.Heads(t.Context(), "new")
	names, errNames := l.Streams(t.Context())
	if err != nil || errNames != nil || len(got) != 0 || len(names) != 2 {
		t.Errorf("heads %v, streams %v: %v, %v", got, names, err, errNames)
	}
}

// A crash between a part and the head that no longer holds what is in it leaves the
// part to the next append.
func TestCrashWhileSealing(t *testing.T) {
	s, l := begin(t)
	s3.SetLimits(l, 2, 1<<20, 2)
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Fatal(err)
	}
	s.Before(s3test.Of("PUT", heads, s3test.Refuse(403, "AccessDenied", "It died.")))
	if _, err := l.Append(t.Context(), "s", 2, entry(3)); err == nil {
		t.Fatal("the append came through")
	}
	s.Before(nil)
	wantLength(t, l, 2)
	if _, err := l.Append(t.Context(), "s", 2, entry(3)); err != nil {
		t.Fatal(err)
	}
	wantLength(t, l, 3)
}

// flipping sends other bytes than it is given.
type flipping struct{ http.ResponseWriter }

// Write implements io.Writer.
func (f flipping) Write(data []byte) (int, error) {
	other := bytes.Clone(data)
	other[len(other)/2] ^= 1
	return f.ResponseWriter.Write(other)
}

// An object that arrives with another checksum than the store's is asked for again, and
// where none arrives whole the error says so.
func TestADamagedAnswerIsReadAgain(t *testing.T) {
	damaged := func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(flipping{w}, r) }
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	l := open(t, url, s3.Options{})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	s.Before(s3test.Of("GET", heads, s3test.Times(2, damaged)))
	wantLength(t, open(t, url, s3.Options{}), 1)
	s.Before(s3test.Of("GET", heads, damaged))
	if _, err := open(t, url, s3.Options{BusyTimeout: 200 * time.Millisecond}).Read(t.Context(), "s", 1); err == nil || !strings.Contains(err.Error(), "the object did not arrive whole: checksum did not match") {
		t.Errorf("of an answer that never is whole: %v", err)
	}
}
