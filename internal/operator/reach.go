package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// LookTimeout is how long a person's word waits for the target before it concludes
// that it has no access to it: somebody else may have.
const LookTimeout = 3 * time.Second

// reach says what the release is, and whether its target answers this process. Of
// many targets one is enough: what is away is gone on with when it is back.
func (o Operator) reach(ctx context.Context, key release.Key) (release.Status, error) {
	e := o.Engine
	quick := &release.Engine{
		Ledger: e.Ledger, Clock: e.Clock, Targets: e.Targets, UserAgent: e.UserAgent, CallTimeout: LookTimeout,
	}
	s, err := quick.Describe(ctx, key, true)
	if len(s.Parts) > 0 {
		s.LookErr = nobodyAnswers(s.Parts)
	}
	return s, err
}

// nobodyAnswers is why none of the targets answers, nil where one does.
func nobodyAnswers(parts []release.PartLook) error {
	var all []error
	for _, p := range parts {
		if p.Err == nil {
			return nil
		}
		all = append(all, fmt.Errorf("%s: %w", p.Name, p.Err))
	}
	return errors.Join(all...)
}

// Error is one that is shown to people in two parts: what is wrong, and below it what
// happened and what to do.
type Error struct {
	Summary, Detail string
	Err             error
}

// Error implements error.
func (e *Error) Error() string { return e.Summary }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Explain gives an error of the engine the words that an apply uses too. Errors that
// are of the command line, or of the ledger, speak for themselves.
func Explain(err error, key release.Key, out release.Outcome) error {
	var (
		ended      *release.EndedError
		blocked    *release.BlockedError
		stopped    *release.InterruptedError
		open       *release.OpenError
		obstructed *release.ObstructedError
		held       *ledger.HeldError
		behind     *release.BehindError
	)
	if !errors.As(err, &ended) && !errors.As(err, &blocked) && !errors.As(err, &stopped) &&
		!errors.As(err, &open) && !errors.As(err, &obstructed) && !errors.As(err, &held) && !errors.As(err, &behind) {
		return err
	}
	var payload artifact.Payload
	switch {
	case out.Rollout != nil:
		payload = out.Rollout.Spec.Payload
	case out.Payload != nil:
		payload = *out.Payload
	}
	summary, detail := release.Explain(err, key, payload)
	return &Error{Summary: summary, Detail: detail, Err: err}
}
