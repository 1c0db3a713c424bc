package s3_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var sealing = ledger.Sealing{To: "elsewhere", By: "kim@acme", At: epoch, Mark: "one"}

// A writer that has looked and not yet written when the ledger is sealed is refused,
// whether its stream has records, is new, or was barred by a lease: it would append
// behind what was copied.
func TestSealedBetweenLookAndWrite(t *testing.T) {
	for _, stream := range []string{"s", "new", "barred"} {
		s, l := begin(t)
		url := s.URL("ledger-1", "acme")
		other := open(t, url, s3.Options{})
		if stream == "barred" {
			// A head without records, as a change of fence leaves it.
			s3.Store(t, l, s3.HeadKey(stream), s3.EmptyHead(l, stream))
		}
		var struck atomic.Bool
		s.Before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			// The write of the record is the last of the head: under the condition of the
			// one that was looked at.
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, s3.HeadKey(stream)) && r.Header.Get("If-Match") != "" && struck.CompareAndSwap(false, true) {
				if err := other.SealOff(t.Context(), sealing); err != nil {
					t.Error(err)
				}
			}
			next.ServeHTTP(w, r)
		})
		after := uint64(0)
		if stream == "s" {
			after = 1
		}
		_, err := l.Append(t.Context(), stream, after, entry(7))
		var sealed *ledger.SealedError
		if !errors.As(err, &sealed) || sealed.Sealing.To != "elsewhere" {
			t.Errorf("%s: %v", stream, err)
		}
		s.Before(nil)
		if got, err := open(t, url, s3.Options{}).Read(t.Context(), stream, 1); err != nil || uint64(len(got)) != after {
			t.Errorf("%s: it has %d records, %v", stream, len(got), err)
		}
	}
}

// A sealing that was cut short after ledger.json refuses new streams at once, and is
// finished by whoever repeats it.
func TestSealedHalfway(t *testing.T) {
	s, l := begin(t)
	s.Before(s3test.Of("PUT", "heads/", s3test.Refuse(403, "AccessDenied", "It died.")))
	if err := l.SealOff(t.Context(), sealing); err == nil {
		t.Fatal("sealed in spite of it")
	}
	s.Before(nil)
	var sealed *ledger.SealedError
	if _, err := l.Append(t.Context(), "new", 0, entry(1)); !errors.As(err, &sealed) {
		t.Errorf("a new stream: %v", err)
	}
	if err := l.SealOff(t.Context(), sealing); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.As(err, &sealed) {
		t.Errorf("an old stream: %v", err)
	}
}

// Who may append may not seal: only an administrator closes a ledger.
func TestSealingNeedsAnAdministrator(t *testing.T) {
	s, l := begin(t)
	s.Before(s3test.Of("PUT", "ledger.json", s3test.Refuse(403, "AccessDenied", "Access Denied")))
	for _, err := range []error{l.MaySeal(t.Context()), l.SealOff(t.Context(), sealing)} {
		if !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "s3-administrator.json") {
			t.Errorf("%v", err)
		}
	}
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Errorf("half sealed: %v", err)
	}
}

// Asking whether one may seal changes nothing, and is no promise of a store that ignores
// the condition.
func TestAskingForTheSealChangesNothing(t *testing.T) {
	s, l := begin(t)
	if err := l.MaySeal(t.Context()); err != nil {
		t.Error(err)
	}
	if now, err := l.Sealing(t.Context()); err != nil || now != nil {
		t.Errorf("sealed: %v, %v", now, err)
	}
	s.Before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Header.Del("If-Match")
		next.ServeHTTP(w, r)
	})
	if err := l.MaySeal(t.Context()); err == nil || !strings.Contains(err.Error(), "although the condition of the write was not met") {
		t.Errorf("a store that ignores conditions: %v", err)
	}
}

// What the seal costs: nothing where a stream has records, two requests at the first
// record of one.
func TestSealCosts(t *testing.T) {
	s, l := begin(t)
	s.Take()
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil || s.Take().Requests() != 1 {
		t.Errorf("a further append: %v", err)
	}
	if _, err := l.Append(t.Context(), "new", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	if n := s.Take().Requests(); n != 3 {
		t.Errorf("the first append of a stream took %d requests", n)
	}
}

// Two ledgers lie beside each other in a bucket, and never one in the other.
func TestNoLedgerInALedger(t *testing.T) {
	s := s3test.Fake(t)
	bucket := s.Bucket(t)
	open(t, s.URL(bucket, "acme"), s3.Options{})
	for _, opts := range []s3.Options{{}, {CopyOf: "6f1c2d3e-0000-4000-8000-000000000000"}} {
		_, err := s3.Open(t.Context(), s.URL(bucket, "acme/payments/eu"), opts)
		if !errors.Is(err, ledger.ErrForeign) || !strings.Contains(err.Error(), "it lies inside the ledger s3://"+bucket+"/acme; name a prefix beside it") {
			t.Errorf("inside: %v", err)
		}
	}
	if err := s3.Check("s3://acme-sluice/acme/heads/x"); err == nil || !strings.Contains(err.Error(), "a ledger's own folder") {
		t.Errorf("in its heads: %v", err)
	}
	// Whose policy ends at their own prefix may not know, and it is theirs alone.
	s.Before(s3test.Of("GET", bucket+"/ledger.json", s3test.Refuse(403, "AccessDenied", "Access Denied")))
	open(t, s.URL(bucket, "orders"), s3.Options{})
}
