package ledger

import (
	"context"
	"errors"
)

// PlaceError is of a ledger that cannot be used as it is named, or by whoever asks, for a
// reason that stays until a person changes it: another password, another bucket. Whoever
// asked was answered so, or met nobody at all; one that is slow, busy, full or damaged is
// none.
type PlaceError struct {
	// Happened and Remedy are as Words has them: no sentence, no full stop.
	Happened, Remedy string
	// Err is the driver's error.
	Err error
}

// Error implements error.
func (e *PlaceError) Error() string { return e.Err.Error() }

// Unwrap gives the driver's error.
func (e *PlaceError) Unwrap() error { return e.Err }

// Misplaced marks an error as of a ledger's place. Nil stays nil.
func Misplaced(happened, remedy string, err error) error {
	if err == nil {
		return nil
	}
	return &PlaceError{Happened: happened, Remedy: remedy, Err: err}
}

// Unfit marks what every driver meets alike, what is no ledger of this version, and leaves
// what is marked. ok is false for any other error. vacant is a place where nothing is yet,
// with an example.
func Unfit(err error, vacant string) (marked error, ok bool) {
	var place *PlaceError
	switch {
	case errors.As(err, &place):
		return err, true
	case errors.Is(err, ErrNewer):
		return Misplaced("a newer version of Sluice wrote the ledger", upgrade, err), true
	case errors.Is(err, ErrForeign):
		return Misplaced("what is named as the ledger is something else", "name a ledger of Sluice, or "+vacant, err), true
	}
	return nil, false
}

// upgrade is what to do about a ledger that a newer version wrote.
const upgrade = "use that version, or a later one, for example by terraform init -upgrade once the configuration allows it"

// placed gives the words of an error of the place, if it has some of its own.
func placed(err error) (happened, remedy string) {
	var place *PlaceError
	if !errors.As(err, &place) {
		return "", ""
	}
	return place.Happened, place.Remedy
}

// Cautioner is a Ledger that can say what is wrong with where it is kept although it can
// be used: in a handful of requests at most, which every role may make, and changing
// nothing. What nobody answers is left out, so that no caution is no proof: a Surveyor
// says what it could not find out. It is asked beside the work, and nothing waits for it
// that a rollback waits for.
type Cautioner interface {
	Cautions(ctx context.Context) []Finding
}
