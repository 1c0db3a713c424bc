package s3test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// What S3 says when it has no answer, and when it has too many to give.
var (
	Internal = Refuse(http.StatusInternalServerError, "InternalError", "We encountered an internal error.")
	SlowDown = Refuse(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
)

// After carries the request out, and has fault answer.
func After(fault Around) Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		fault(w, r, next)
	}
}

// SlowFor is how long Slow takes.
const SlowFor = 50 * time.Millisecond

// Slow carries the request out after SlowFor.
func Slow(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if (clock.System{}).Sleep(r.Context(), SlowFor) == nil {
		next.ServeHTTP(w, r)
	}
}

// Late answers SlowFor after the request was carried out.
func Late(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	// Who has gone by now does not read it.
	_ = (clock.System{}).Sleep(context.WithoutCancel(r.Context()), SlowFor)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// Weather makes one of the faults strike one request in so many, by chance.
func Weather(seed uint64, in int, faults ...Around) Around {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(2026, seed))
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		strikes, which := dice.IntN(in) == 0, dice.IntN(len(faults))
		mu.Unlock()
		if strikes {
			faults[which](w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// All are the faults that a network and a store have.
var All = []Around{Deaf, Cut, Internal, After(Internal), SlowDown}

// Counted counts how often a fault strikes.
func Counted(n *atomic.Int64, fault Around) Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		n.Add(1)
		fault(w, r, next)
	}
}
