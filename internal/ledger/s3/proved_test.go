package s3_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// firstWrites are those that may be the first of a process on a ledger which is there.
func firstWrites() map[string]func(ctx context.Context, l *s3.Ledger) error {
	return map[string]func(ctx context.Context, l *s3.Ledger) error{
		"append": func(ctx context.Context, l *s3.Ledger) error {
			_, err := l.Append(ctx, "s", 1, entry(2))
			return err
		},
		"append to a new stream": func(ctx context.Context, l *s3.Ledger) error {
			_, err := l.Append(ctx, "new", 0, entry(1))
			return err
		},
		"lease": func(ctx context.Context, l *s3.Ledger) error {
			return l.SwapLease(ctx, ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "a", Fence: 2, TTL: time.Second})
		},
		"import": func(ctx context.Context, l *s3.Ledger) error {
			return l.Import(ctx, []ledger.Record{ledger.Seal("new", 1, ledger.ZeroHash, entry(1))})
		},
		"seal": func(ctx context.Context, l *s3.Ledger) error { return l.SealOff(ctx, sealing) },
		"look at a lease that moves": func(ctx context.Context, l *s3.Ledger) error {
			_, err := l.Lease(ctx, "moving")
			return err
		},
	}
}

// A ledger that is there may lie in a store that honours conditions no more, or in a
// replica in one that never did. Each process proves it before its first write, whatever
// that is, and writes nothing but the probe; and proves it once.
func TestTheFirstWriteOfEachProcessIsProved(t *testing.T) {
	for store, careless := range map[string]s3test.Around{"no conditions": s3test.Careless, "no If-Match": onlyCreates} {
		for what, write := range firstWrites() {
			s, l := begin(t)
			url := s.URL("ledger-1", "acme")
			s3.Store(t, l, s3.LeaseKey("moving"), s3.MovingLease(l, ledger.Lease{Name: "moving", Holder: "a", Fence: 2, TTL: time.Second}, "s"))
			before := everything(t, s, "ledger-1")
			process := open(t, url, s3.Options{MustExist: true})
			s.Before(careless)
			for range 2 {
				if err := write(t.Context(), process); err == nil || !strings.Contains(err.Error(), "a ledger needs a store that honours conditional writes") || errors.Is(err, ledger.ErrReadOnly) {
					t.Errorf("%s, %s: %v", store, what, err)
				}
			}
			if diff := cmp.Diff(before, everything(t, s, "ledger-1")); diff != "" {
				t.Errorf("%s, %s: it wrote (-before +after):\n%s", store, what, diff)
			}
			// It is asked again, and once only when it has shown itself.
			s.Before(nil)
			if err := write(t.Context(), process); err != nil {
				t.Errorf("%s, %s: the store is honest again: %v", store, what, err)
			}
			probes := 0
			s.Before(s3test.Of("PUT", "probe.json", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				probes++
				next.ServeHTTP(w, r)
			}))
			if _, err := process.Append(t.Context(), "other", 0, entry(1)); what != "seal" && err != nil || probes != 0 {
				t.Errorf("%s, %s: proved %d times more, %v", store, what, probes, err)
			}
		}
	}
}

// everything is what a bucket holds besides the probe, by key and ETag.
func everything(t *testing.T, s *s3test.Server, bucket string) map[string]string {
	t.Helper()
	out := map[string]string{}
	page, err := s.Client().ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range page.Contents {
		if !strings.HasSuffix(*o.Key, "probe.json") {
			out[*o.Key] = *o.ETag
		}
	}
	return out
}
