package target

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong at a target, so that nobody matches
// strings.
type Code string

// The codes. Permanent ones do not go away by trying again.
const (
	// CodeUnavailable: unreachable, timed out or overloaded. Try again.
	CodeUnavailable Code = "unavailable"
	// CodeUnauthorized: the credentials were refused.
	CodeUnauthorized Code = "unauthorized"
	// CodeConflict: the target is not in the state that the change needs.
	CodeConflict Code = "conflict"
	// CodeStaleFence: somebody else drives this target now.
	CodeStaleFence Code = "stale_fence"
	// CodeUnsupported: the runtime cannot do this.
	CodeUnsupported Code = "unsupported"
	// CodeNotFound: the artifact, or the target itself, is not there.
	CodeNotFound Code = "not_found"
	// CodeInvalid: the request was refused as malformed.
	CodeInvalid Code = "invalid"
	// CodeProtocol: the answer breaks the contract. It is never believed.
	CodeProtocol Code = "protocol"
)

// Error is what a driver returns when it knows what went wrong.
type Error struct {
	Code Code
	// Message says what happened in the target's words, without secrets.
	Message string
	// Remedy says what a person can do about it.
	Remedy string
	// MaybeDone is true when the change may have taken effect all the same, as
	// after a reply that was lost.
	MaybeDone bool
	// Busy is true when the call was held up, or refused, for the number of calls that
	// many make: it gets its turn later. Whether it took effect, MaybeDone says.
	Busy bool
	// Observation is what the target said, where a conflict came with one.
	Observation *Observation
	Err         error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first *Error in err's chain. An error without
// one is CodeUnavailable with an unknown outcome.
func CodeOf(err error) Code {
	var te *Error
	if errors.As(err, &te) {
		return te.Code
	}
	return CodeUnavailable
}

// IsBusy reports whether the target is asked too much, so that trying again later helps.
func IsBusy(err error) bool {
	var te *Error
	return errors.As(err, &te) && te.Busy
}

// IsPermanent reports whether trying the same again cannot help.
func IsPermanent(err error) bool {
	switch CodeOf(err) {
	case CodeUnauthorized, CodeUnsupported, CodeNotFound, CodeInvalid, CodeStaleFence:
		return true
	default:
		return false
	}
}
