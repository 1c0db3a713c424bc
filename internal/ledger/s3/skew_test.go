package s3_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// TestAClockThatIsFarOff: a store refuses requests whose time is not within 15 minutes of
// its own. It says its own, and what is asked again by that goes through: a driver whose
// clock is wrong by hours appends and reads, and nothing is half-written.
func TestAClockThatIsFarOff(t *testing.T) {
	for _, apart := range []time.Duration{4 * time.Minute, 3 * time.Hour, -3 * time.Hour} {
		s := s3test.Fake(t)
		url := s.URL(s.Bucket(t), "acme")
		s.Before(strict(apart))
		l := open(t, url, s3.Options{BusyTimeout: 5 * time.Second})
		for n := range 2 {
			if _, err := l.Append(t.Context(), "s", uint64(n), entry(n)); err != nil {
				t.Errorf("%s apart: %v", apart, err)
			}
		}
		wantLength(t, l, 2)
	}
}

const amzDate = "20060102T150405Z"

// strict is a store whose clock is ahead, and that looks at the time of a request.
func strict(ahead time.Duration) s3test.Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		now := clock.System{}.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		sent, err := time.Parse(amzDate, r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(sent).Abs() > 15*time.Minute {
			s3test.Refuse(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")(w, r, next)
			return
		}
		// The fake behind has this machine's clock, and looks as well.
		r.Header.Set("X-Amz-Date", clock.System{}.Now().UTC().Format(amzDate))
		next.ServeHTTP(w, r)
	}
}
