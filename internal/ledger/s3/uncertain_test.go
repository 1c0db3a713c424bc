package s3_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var full = s3test.Refuse(507, "XMinioStorageFull", "It is full.")

// says fails when err says that nothing was changed.
func says(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || errors.Is(err, ledger.ErrFull) || errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("%s: what may have taken effect is said to be refused: %v", what, err)
	}
}

// then makes the first request of those it is given meet one fault, and all others another.
func then(first, others s3test.Around) s3test.Around {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if n.Add(1) == 1 {
			first(w, r, next)
			return
		}
		others(w, r, next)
	}
}

// A write that took effect and whose answer was lost is not refused, whatever its
// repetition meets.
func TestALostReplyIsNoRefusal(t *testing.T) {
	for name, weather := range map[string]s3test.Around{
		"the repeated write":          s3test.Of("PUT", heads, then(s3test.Deaf, full)),
		"the look after it":           lostAndThen(full),
		"the look after it, for load": lostAndThen(s3test.SlowDown),
	} {
		s, l := begin(t)
		s.Before(weather)
		_, err := l.Append(t.Context(), "s", 1, entry(2))
		says(t, name, err)
		s.Before(nil)
		wantLength(t, l, 2)
	}
}

// lostAndThen loses the answer of the first write of a head, and has fault strike each
// look at one.
func lostAndThen(fault s3test.Around) s3test.Around {
	put, get := s3test.Times(1, s3test.Deaf), s3test.Of(http.MethodGet, heads, fault)
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s3test.Of(http.MethodPut, heads, put)(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { get(w, r, next) }))
	}
}

// A lease whose fence is on its way to the streams has moved for all who look, so who
// cannot bring it there is not told that nothing was changed.
func TestALeaseOnItsWayIsNoRefusal(t *testing.T) {
	for name, fault := range map[string]s3test.Around{"full": full, "busy": s3test.SlowDown, "forbidden": s3test.Refuse(403, "AccessDenied", "no")} {
		s, l := begin(t)
		held := ledger.Lease{Name: "x", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
		taken := ledger.Lease{Name: "x", Holder: "b", Fence: 2, Beat: 2, TTL: time.Second}
		if err := l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, held); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), "s", 1, fencedBy("x", 2, 1)); err != nil {
			t.Fatal(err)
		}
		s.Before(s3test.Of("PUT", heads, fault))
		says(t, name, l.SwapLease(t.Context(), held, taken))
		s.Before(nil)
		if now, err := l.Lease(t.Context(), "x"); err != nil || now != taken {
			t.Errorf("%s: the lease is %+v, %v", name, now, err)
		}
	}
}

// The last of the attempts of a write may be its own success, of which the answer was
// lost: each attempt before it met a condition that did not hold.
func TestTheLastAttemptMayBeTheOne(t *testing.T) {
	s, l := begin(t)
	condition := s3test.Refuse(http.StatusPreconditionFailed, "PreconditionFailed", "It does not hold.")
	var puts atomic.Int64
	s.Before(s3test.Of("PUT", heads, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if puts.Add(1) == s3.AppendTries {
			s3test.After(condition)(w, r, next)
			return
		}
		condition(w, r, next)
	}))
	if r, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil || r.Seq != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	puts.Store(0)
	s.Before(s3test.Of("PUT", heads, condition))
	if _, err := l.Append(t.Context(), "s", 2, entry(3)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("nothing was written: %v", err)
	}
	s.Before(nil)
	wantLength(t, l, 2)
}
