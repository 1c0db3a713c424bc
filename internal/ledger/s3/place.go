package s3

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Cautioner = (*Ledger)(nil)

// misplaced marks what only opening meets: permissions that do not suffice, and what is no
// ledger of this version.
func misplaced(err error) error {
	var denied *deniedError
	marked, unfit := ledger.Unfit(err, "a prefix where nothing is yet, "+example)
	switch {
	case unfit:
		return marked
	case errors.As(err, &denied) && errors.Is(err, ledger.ErrReadOnly):
		return ledger.Misplaced("there is no ledger yet, and these credentials may not create one", "apply once as who may; an administrator's policy is docs/policies/s3-administrator.json, for example for the prefix payments", err)
	case errors.As(err, &denied):
		return ledger.Misplaced("these credentials may not read the ledger", "give them one of the policies in docs/policies, with the bucket and the prefix of this ledger; to plan, for example, that of s3-reader.json", err)
	}
	return err
}

// MayBegin says whether a ledger could be begun where url names none, as far as whoever
// asks may know without leaving anything there: that nothing else is kept there, and that
// the bucket is Safe. Only a write shows whether the store takes one, and honours its
// conditions.
func MayBegin(ctx context.Context, url string, opts Options) error {
	l, err := start(ctx, url, opts)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // It only asked.
	if err := l.vacant(ctx, probeKey, headDir, aboutKey, copyKey); err != nil {
		return misplaced(err)
	}
	err = l.Safe(ctx)
	var unknown *unknownError
	if errors.As(err, &unknown) {
		return nil // Whoever plans need not be who creates it.
	}
	return misplaced(err)
}

// Cautions implements ledger.Cautioner, by four questions at once. What a role may not ask
// is left out.
func (l *Ledger) Cautions(ctx context.Context) (out []ledger.Finding) {
	var (
		all         sync.WaitGroup
		unversioned bool
		open        string
	)
	all.Go(func() {
		var lacking *unversionedError
		unversioned = errors.As(l.versioned(ctx), &lacking)
	})
	all.Go(func() { open, _ = l.public(ctx) })
	all.Wait()
	if open != "" {
		out = append(out, ledger.Finding{Check: "public access", State: ledger.Wrong, Value: fmt.Sprintf("the bucket %s is open to everybody by its %s", l.place.bucket, open), Remedy: closeIt})
	}
	if unversioned {
		out = append(out, ledger.Finding{Check: "versioning", State: ledger.Wrong, Value: fmt.Sprintf("the bucket %s keeps no former versions any more, so what somebody overwrites or deletes is gone", l.place.bucket), Remedy: keepThem})
	}
	return out
}
