// Package all knows every driver of the ledger and opens the one that a URL
// names. Only the provider and the command line import it.
package all

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// Options say how to open a ledger, whichever it is.
type Options struct {
	// MustExist makes a ledger that is not there ErrMissing instead of creating it.
	MustExist bool
	// ReadOnly opens for reading alone; it implies MustExist.
	ReadOnly bool
	// CopyOf is the UUID of a ledger: what is opened is an unfinished copy of it, begun
	// where nothing is. A ledger that is there is opened as it is.
	CopyOf string
	// BusyTimeout is how long a call waits for others before ErrBusy. 0 leaves it
	// to the driver.
	BusyTimeout time.Duration
	// Clock is the machine's if nil.
	Clock clock.Clock
}

// ErrURL marks a URL that names no ledger that can be opened.
var ErrURL = errors.New("not a ledger's URL")

// ErrImplicit marks a place where nobody may leave the ledger to the default.
var ErrImplicit = errors.New("the ledger must be named here")

const allowed = "allowed is sqlite:PATH, for example sqlite:.sluice/ledger.db, postgres://HOST/DATABASE, for example postgres://ledger.example/sluice?sslmode=verify-full, or s3://BUCKET/PREFIX, for example s3://acme-sluice/payments?region=eu-central-1"

// Default returns the URL of the ledger that nobody named, relative to the working
// directory. Ask CheckImplicit before using it.
func Default() string { return "sqlite:.sluice/ledger.db" }

// Open opens the ledger that url names. A URL that is none wraps ErrURL and does
// not repeat what it says behind the scheme, where a password may stand.
func Open(ctx context.Context, url string, opts Options) (ledger.Ledger, error) {
	if err := Check(url); err != nil {
		return nil, err
	}
	var (
		l   ledger.Ledger
		err error
	)
	path, isFile := SQLitePath(url)
	switch {
	case isFile:
		l, err = sqlite.Open(ctx, path, sqlite.Options(opts))
	case strings.HasPrefix(url, "s3:"):
		l, err = s3.Open(ctx, url, s3.Options(opts))
	default:
		l, err = postgres.Open(ctx, url, postgres.Options(opts))
	}
	if err != nil {
		// A typed nil in the interface would look like a ledger.
		return nil, err
	}
	return l, nil
}

// MayWrite says whether a ledger could be begun in the place that url names, or a copy
// that was begun there gone on with, as far as that can be known without leaving anything
// there. known is false for a bucket: only a write shows whether it takes one.
func MayWrite(ctx context.Context, url string, opts Options) (known bool, err error) {
	if err := Check(url); err != nil {
		return false, err
	}
	path, isFile := SQLitePath(url)
	switch {
	case isFile:
		return true, sqlite.MayWrite(path)
	case strings.HasPrefix(url, "s3:"):
		return false, nil
	default:
		return true, postgres.MayWrite(ctx, url, postgres.Options(opts))
	}
}

// MayBegin says whether a ledger could be begun where url names none yet, as far as whoever
// asks may know without leaving anything there. Nil is no promise. Of a file, nothing is
// asked.
func MayBegin(ctx context.Context, url string, opts Options) error {
	if err := Check(url); err != nil {
		return err
	}
	_, isFile := SQLitePath(url)
	switch {
	case isFile:
		return nil
	case strings.HasPrefix(url, "s3:"):
		return s3.MayBegin(ctx, url, s3.Options(opts))
	default:
		return postgres.MayWrite(ctx, url, postgres.Options(opts))
	}
}

// SQLitePath returns the path in the URL of a ledger in a file. It is false for any
// other.
func SQLitePath(url string) (string, bool) { return strings.CutPrefix(url, "sqlite:") }

// Place names what a URL that Check takes names, without anything secret and without
// what only says how to get there. Two URLs of one place may have two names.
func Place(url string) string {
	switch {
	case strings.HasPrefix(url, "s3:"):
		return s3.Place(url)
	case strings.HasPrefix(url, "sqlite:"):
		return url
	default:
		return postgres.Place(url)
	}
}

// Check says whether Open would know what to do with url, without touching
// anything.
func Check(url string) error {
	scheme, rest, ok := strings.Cut(url, ":")
	switch {
	case url == "":
		return fmt.Errorf("%w: it is empty; %s", ErrURL, allowed)
	case !ok:
		return fmt.Errorf("%w: it has no scheme; %s", ErrURL, allowed)
	case scheme == "postgres" || scheme == "postgresql":
		if err := postgres.Check(url); err != nil {
			return fmt.Errorf("%w: %w", ErrURL, err)
		}
		return nil
	case scheme == "s3":
		if err := s3.Check(url); err != nil {
			return fmt.Errorf("%w: %w", ErrURL, err)
		}
		return nil
	case scheme != "sqlite":
		return fmt.Errorf("%w: the scheme %.20q is unknown; %s", ErrURL, scheme, allowed)
	}
	return checkPath(rest)
}

// checkPath looks at what stands behind sqlite:.
func checkPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("%w: no path stands behind sqlite:; %s", ErrURL, allowed)
	case strings.HasPrefix(path, "//"):
		return fmt.Errorf("%w: two slashes stand behind sqlite:; the path follows the colon at once, for example sqlite:.sluice/ledger.db or sqlite:/srv/sluice/ledger.db", ErrURL)
	case strings.Contains(path, ":memory:"):
		return fmt.Errorf("%w: a ledger in memory would be no record; %s", ErrURL, allowed)
	case strings.ContainsRune(path, 0):
		return fmt.Errorf("%w: the path contains a NUL; %s", ErrURL, allowed)
	}
	return nil
}

// CheckImplicit says whether the default may be used where the work is done in the
// folder dir with the environment getenv. It may not where the file would be gone
// with the machine, so that every run would begin with an empty ledger, nor where
// SQLite's locks do not hold. What it refuses wraps ErrImplicit; a path that
// somebody wrote down is never asked about.
func CheckImplicit(getenv func(string) string, dir string) error {
	return checkImplicit(getenv, dir, sqlite.IsNetworkFS)
}

func checkImplicit(getenv func(string) string, dir string, network func(string) bool) error {
	const write = `; write down where it lives, with a path that outlives the run and that every run shares, a database or a bucket: SLUICE_LEDGER=sqlite:/srv/sluice/ledger.db, --ledger postgres://ledger.example/sluice, or the same in the provider block's ledger`
	if ci := getenv("CI"); ci != "" && ci != "false" && ci != "0" {
		return fmt.Errorf("%w: CI=%.20s says that this machine is thrown away after the run, and .sluice/ledger.db with it%s", ErrImplicit, ci, write)
	}
	for _, name := range []string{"TFC_RUN_ID", "ATLAS_RUN_ID"} {
		if getenv(name) != "" {
			return fmt.Errorf("%w: %s says that this is a remote run, whose files are gone after it, .sluice/ledger.db among them%s", ErrImplicit, name, write)
		}
	}
	if network(dir) {
		return fmt.Errorf("%w: %s is on a network file system, where SQLite's locks do not hold%s", ErrImplicit, dir, write)
	}
	return nil
}
