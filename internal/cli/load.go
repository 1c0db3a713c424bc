package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// parseRelease reads the argument RELEASE.
func parseRelease(text string) (release.Key, error) {
	key, err := release.ParseKey(text)
	if err != nil {
		return key, &ExitError{Code: BadUsage, Err: err}
	}
	return key, nil
}

// history reads a release. One that the ledger does not know is release.ErrUnknown,
// with the names of those it does know.
func history(ctx context.Context, l ledger.Ledger, key release.Key) (*release.History, error) {
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, unknownRelease(ctx, l, key)
	}
	return release.Fold(key, records)
}

// withNames puts the names of those that the ledger does know to an error about a release
// that it does not.
func withNames(ctx context.Context, l ledger.Ledger, key release.Key, err error) error {
	if errors.Is(err, release.ErrUnknown) {
		return unknownRelease(ctx, l, key)
	}
	return err
}

func unknownRelease(ctx context.Context, l ledger.Ledger, key release.Key) error {
	keys, err := releases(ctx, l)
	if err != nil {
		return err
	}
	keys = wholes(keys)
	if len(keys) == 0 {
		return fmt.Errorf("%s: %w; it knows none at all yet, the first terraform apply records one", key, release.ErrUnknown)
	}
	names := make([]string, 0, len(keys))
	for i, k := range keys {
		if i == 10 {
			names = append(names, fmt.Sprintf("and %d more", len(keys)-i))
			break
		}
		names = append(names, k.String())
	}
	return fmt.Errorf("%s: %w; it knows %s", key, release.ErrUnknown, strings.Join(names, ", "))
}

// releases lists every release of the ledger, in the order of names.
func releases(ctx context.Context, l ledger.Ledger) ([]release.Key, error) {
	return release.Keys(ctx, l, "")
}
