package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// The pauses between attempts grow from the first to the last of these, and each is
// cut by chance to between a half and the whole, so that many who were refused at once
// do not come back at once.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// call makes one request and repeats it while its failure may pass and the store's
// patience lasts. A failure that leaves open whether a write took effect is kept:
// when the last attempt is refused for load after such a one, the outcome is unknown,
// and not ErrBusy.
func (s *store) call(ctx context.Context, try func(context.Context) error) error {
	_, err := s.callOpen(ctx, try)
	return err
}

// callOpen is call that says, of an error that is about the last attempt alone, whether
// one before it may have taken effect.
func (s *store) callOpen(ctx context.Context, try func(context.Context) error) (open bool, err error) {
	var (
		start   = s.clock.Now()
		pause   = firstPause
		unknown error
	)
	for {
		err = s.attempt(ctx, try)
		if err == nil {
			return false, nil
		}
		again := transient(err)
		if again && !throttled(err) && !unreached(err) && !skewed(err) {
			unknown = err
		}
		if ctx.Err() != nil {
			return unknown != nil, s.mapError(errors.Join(ctx.Err(), err))
		}
		if !again {
			return unknown != nil, s.mapError(err)
		}
		patience := s.patience
		if unreached(err) {
			// An address that is wrong stays so; a try or two more are for a moment's trouble. A
			// plan's look at an address that never answered waits for a second, and is told by then.
			patience /= 5
			if !s.answered.Load() {
				patience /= 4
			}
		}
		if s.clock.Now().Sub(start)+pause > patience {
			if (unreached(err) || skewed(err)) && unknown == nil {
				return false, s.mapError(err)
			}
			if unknown != nil {
				return false, fmt.Errorf("%s does not answer as it should, and what was sent may have taken effect: %w", s.place, unknown)
			}
			return false, fmt.Errorf("%s: %w: the store refuses requests for their number; it did so for %s: %w", s.place, ledger.ErrBusy, s.patience, err)
		}
		if slept := s.clock.Sleep(ctx, jitter(pause)); slept != nil {
			return unknown != nil, errors.Join(slept, err)
		}
		pause = min(2*pause, lastPause)
	}
}

func (s *store) attempt(ctx context.Context, try func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return try(ctx)
}

// jitter cuts d to between a half and the whole of it.
func jitter(d time.Duration) time.Duration {
	var b [1]byte
	_, _ = rand.Read(b[:]) // It never fails.
	return d/2 + d*time.Duration(b[0])/512
}

// skewed says whether the store refused a request for its time. The SDK takes the store's
// time from that answer, so the next request is right where the store says it.
func skewed(err error) bool { return errorCode(err) == "RequestTimeTooSkewed" }

// throttled says whether the store refused a request for its load, so surely did
// nothing.
func throttled(err error) bool {
	switch errorCode(err) {
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests":
		return true
	case "":
		return status(err) == http.StatusTooManyRequests || status(err) == http.StatusServiceUnavailable
	}
	return false
}

// transient says whether the same request may have another answer soon.
func transient(err error) bool {
	if throttled(err) || unreached(err) || skewed(err) {
		return true
	}
	switch errorCode(err) {
	case "InternalError", "OperationAborted", "RequestTimeout", "BadDigest":
		return true
	case "ConditionalRequestConflict":
		// Another write was under way. What it made of the object is to be looked at.
		return false
	}
	switch code := status(err); {
	case code == http.StatusNotImplemented || code == http.StatusInsufficientStorage:
		return false
	case code >= 500:
		return true
	case code == 0:
		return cut(err)
	}
	return false
}
