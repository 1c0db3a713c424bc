package awscloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
)

const (
	// Ceiling is how many calls a second this process makes at most in one account
	// and region, however many rollouts it drives there: AWS shares the limits of its
	// control planes (about 15 a second for Lambda) among all who use the account.
	Ceiling = 10
	// burst is how many may come at once.
	burst = 20
	// attempts bounds how often one call is tried, and lastPause what is waited
	// between two tries, since a call's deadline is shorter than a lease.
	attempts  = 4
	lastPause = 2 * time.Second
	// answered is the time that is kept for the answer of a call that has to wait.
	answered = 2 * time.Second
	// turns is how many make many calls at once: each then has as much of the ceiling as
	// a dozen calls need in the time of one call to the port.
	turns = 4
)

// retryers holds one retryer for each account and region: what one rollout learns
// of throttling, all heed.
var retryers sync.Map

func retryerOf(s Settings) *retryer {
	key := strings.Join([]string{s.account(), s.Region, s.Endpoint}, " ")
	if r, ok := retryers.Load(key); ok {
		return r.(*retryer) //nolint:forcetypeassert // Nothing else is stored.
	}
	made := newRetryer(rate.Inf)
	if !s.local() {
		made = newRetryer(Ceiling)
		made.turns = queue.New(fmt.Sprintf("%s, %s", s.whereabouts(), s.Region), turns)
	}
	r, _ := retryers.LoadOrStore(key, made)
	return r.(*retryer) //nolint:forcetypeassert // Nothing else is stored.
}

// retryer is AWS's adaptive one, which slows down when it is throttled, below a
// ceiling. Urgent calls wait for neither.
type retryer struct {
	*retry.AdaptiveMode
	ceiling *rate.Limiter
	// turns are of those who make many calls one after the other, nil where there is no
	// ceiling.
	turns *queue.Queue
}

var _ aws.RetryerV2 = (*retryer)(nil)

func newRetryer(ceiling rate.Limit) *retryer {
	return &retryer{
		AdaptiveMode: retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = attempts, lastPause
			})
		}),
		ceiling: rate.NewLimiter(ceiling, burst),
	}
}

// GetAttemptToken implements aws.RetryerV2. It is asked before each attempt.
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if urgent, _ := ctx.Value(urgentKey{}).(bool); urgent {
		return func(error) error { return nil }, nil
	}
	// A turn that comes when there is no time left to be answered in would be lost.
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answered))
		defer cancel()
	}
	if !r.ceiling.Allow() {
		if err := r.ceiling.Wait(ctx); err != nil {
			return nil, &heldUp{err}
		}
	}
	release, err := r.AdaptiveMode.GetAttemptToken(ctx)
	if err != nil {
		return nil, &heldUp{err}
	}
	return release, nil
}

// heldUp is the error of a call that did not get its turn in the time that it had.
type heldUp struct{ err error }

// Error implements error.
func (e *heldUp) Error() string {
	return fmt.Sprintf("too many calls wait in this account and region: %v", e.err)
}

// Unwrap gives the cause.
func (e *heldUp) Unwrap() error { return e.err }

// HeldUp says whether a call failed because it did not get its turn among our own. An
// earlier attempt of the same call may have reached AWS.
func HeldUp(err error) bool {
	var held *heldUp
	return errors.As(err, &held)
}

// Join takes a place among those of this process who make calls in this account and
// region: each of a few makes its calls, and then the next, since a dozen calls that share
// the ceiling with a hundred dozens are all late. It asks nobody. It is nil where there is
// no ceiling.
func (s *Session) Join(line queue.Line) *queue.Place {
	turns := retryerOf(s.settings).turns
	if turns == nil {
		return nil
	}
	return turns.Join(line)
}

// Turn joins and waits until its turn has come. The caller leaves when its calls are made.
// The error is HeldUp.
func (s *Session) Turn(ctx context.Context) (leave func(), err error) {
	place := s.Join(queue.Begin)
	if place == nil {
		return func() {}, nil
	}
	select {
	case <-place.Ready():
		return place.Leave, nil
	case <-ctx.Done():
		place.Leave()
		return nil, &heldUp{ctx.Err()}
	}
}

type urgentKey struct{}

// Urgent marks the calls of a revert: nothing of ours holds them up, though AWS
// may still refuse them for their number, and then they are tried again.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

// token looks a web identity's token up at each use.
type token struct{ ref *credential.Reference }

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (t token) GetIdentityToken() ([]byte, error) {
	text, err := t.ref.Resolve(context.Background())
	return []byte(text), err
}

func apiOptions(options ...func(*middleware.Stack) error) []func(*middleware.Stack) error {
	return options
}

// OnlyRefused makes a retryer for calls that must not be made twice, since AWS knows
// no condition for them: what was surely not carried out is tried again, and a reply
// that was lost is an error, after which whoever called looks what is true.
func OnlyRefused(r aws.Retryer) aws.Retryer {
	v2, ok := r.(aws.RetryerV2)
	if !ok {
		return aws.NopRetryer{}
	}
	return onlyRefused{v2}
}

type onlyRefused struct{ aws.RetryerV2 }

// IsErrorRetryable implements aws.Retryer.
func (r onlyRefused) IsErrorRetryable(err error) bool {
	k := kindOf(err)
	return (k == Throttled || k == Unreachable) && r.RetryerV2.IsErrorRetryable(err)
}
