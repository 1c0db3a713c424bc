package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// about is the object that makes a prefix a ledger. It is plain JSON, for people.
type about struct {
	Format int `json:"format"`
	// Kind tells it from another program's ledger.json.
	Kind string `json:"kind"`
	// Ledger is the UUID.
	Ledger string `json:"ledger"`
	// Sealed says that the ledger takes no more records; see seal.go.
	Sealed *ledger.Sealing `json:"sealed,omitempty"`
	// Write tells one write from another; the first has none.
	Write string `json:"write,omitempty"`

	etag string
}

func (a about) text() ([]byte, error) {
	data, err := json.MarshalIndent(a, "", "  ")
	return append(data, '\n'), err
}

const aboutKind = "sluice-ledger"

// about reads the object, if it is there.
func (l *Ledger) about(ctx context.Context) (about, bool, error) {
	got, err := l.store.get(ctx, aboutKey, "")
	if err != nil || got.etag == "" {
		return about{}, false, err
	}
	a := about{etag: got.etag}
	if err := json.Unmarshal(got.data, &a); err != nil || a.Kind != aboutKind {
		return about{}, false, fmt.Errorf("%s: %w: it holds a %s of something else; name a prefix of its own, %s", l.place, ledger.ErrForeign, aboutKey, example)
	}
	if err := checkFormat(got.data); err != nil {
		return about{}, false, fmt.Errorf("%s: %w", l.place, err)
	}
	if a.Ledger == "" {
		return about{}, false, &ledger.CorruptError{Reason: l.place.String() + " has lost the ledger's id"}
	}
	return a, true, nil
}

// create makes a ledger. The first record is written before the object that makes it
// a ledger, and its UUID is the ledger's: so whoever comes upon what a crash left
// takes it up, and of many who create at once all use the same.
func (l *Ledger) create(ctx context.Context) error {
	if err := l.vacant(ctx, probeKey, headDir, aboutKey); err != nil {
		return err
	}
	if err := l.Safe(ctx); err != nil {
		return err
	}
	if err := l.writable(ctx); err != nil {
		return err
	}
	if err := l.mayFound(ctx); err != nil {
		return err
	}
	id, err := l.first(ctx)
	if err != nil {
		return err
	}
	l.id = id
	return l.declare(ctx)
}

// mayFound says whether this role may write the object that makes the prefix a ledger,
// before anything else is written: by a write of it on a condition that does not hold.
func (l *Ledger) mayFound(ctx context.Context) error {
	_, err := l.store.put(ctx, aboutKey, []byte("{}"), noETag)
	switch {
	case errors.Is(err, errCondition):
		return nil
	case err != nil:
		return forWriting(err)
	}
	return l.dishonest("If-Match", "although nothing was there")
}

// declare writes the object that makes the prefix a ledger, or finds it there.
func (l *Ledger) declare(ctx context.Context) error {
	text, err := about{Format: format, Kind: aboutKind, Ledger: l.id}.text()
	if err != nil {
		return err
	}
	_, err = l.store.put(ctx, aboutKey, text, "")
	if errors.Is(err, errCondition) {
		a, found, err := l.about(ctx)
		if err == nil && (!found || a.Ledger != l.id) {
			err = fmt.Errorf("%s: %w: its id is %s, and its first record says %s", l.place, ledger.ErrOtherLedger, a.Ledger, l.id)
		}
		return err
	}
	return forWriting(err)
}

// vacant refuses a prefix that holds anything but what a beginning cut short may have
// left, which are keys and folders, and one that lies in another ledger's.
func (l *Ledger) vacant(ctx context.Context, left ...string) error {
	if err := l.nested(ctx); err != nil {
		return err
	}
	there, err := l.store.list(ctx, "", 10)
	if err != nil {
		return err
	}
	for _, o := range there {
		if !slices.ContainsFunc(left, func(key string) bool {
			return key == o.key || strings.HasSuffix(key, "/") && strings.HasPrefix(o.key, key)
		}) {
			return fmt.Errorf("%s: %w: it holds %.100q, and no %s; name a prefix of its own, %s", l.place, ledger.ErrForeign, o.key, aboutKey, example)
		}
	}
	return nil
}

// first writes the ledger's first record, or reads the one that is there, and returns
// the UUID in it.
func (l *Ledger) first(ctx context.Context) (string, error) {
	id := uuid.NewString()
	entry, err := ledger.FirstEntry(id, l.opts.Clock.Now())
	if err != nil {
		return "", err
	}
	mine := l.empty(ledger.LedgerStream)
	mine.Ledger = id
	_, err = l.write(ctx, mine, entry)
	if !errors.Is(err, errCondition) {
		return id, err
	}
	got, err := l.store.get(ctx, headKey(ledger.LedgerStream), "")
	if err != nil {
		return "", err
	}
	var h head
	if err := unseal(got.data, &h); err != nil {
		return "", unreadable(ledger.LedgerStream, 1, "its head", err)
	}
	return h.Ledger, nil
}

// noETag is one that no object has.
const noETag = `"00000000000000000000000000000000"`

// probe is what the object holds that conditions are tried on.
const probe = "Sluice writes this object to see whether the store honours conditional writes.\n"

// prove tries the two conditions on an object that may as well be overwritten: one
// that must not be there and is, and one with an ETag that none has. A store that
// writes all the same would lose records.
func (l *Ledger) prove(ctx context.Context) error {
	for range 2 {
		_, err := l.store.put(ctx, probeKey, []byte(probe), "")
		switch {
		case errors.Is(err, errCondition):
			return l.proveMatch(ctx)
		case err != nil:
			return l.notProved(err)
		}
	}
	return l.dishonest("If-None-Match: *", "although the object was there")
}

func (l *Ledger) proveMatch(ctx context.Context) error {
	_, err := l.store.put(ctx, probeKey, []byte(probe), noETag)
	switch {
	case errors.Is(err, errCondition):
		return nil
	case err != nil:
		return l.notProved(err)
	}
	return l.dishonest("If-Match", "although the object's ETag was another")
}

// conditional is what to do about a store that cannot hold a ledger.
const conditional = "keep the ledger in a store that honours conditional writes, for example AWS's, or in PostgreSQL"

func (l *Ledger) dishonest(condition, although string) error {
	return ledger.Misplaced("the store ignores the conditions of a write, so two who append at once would lose records", conditional,
		fmt.Errorf("%s: the store wrote under the condition %s %s, so two who append at once would lose records; a ledger needs a store that honours conditional writes, as AWS does", l.place, condition, although))
}

func (l *Ledger) notProved(err error) error {
	if status(err) == 501 || errorCode(err) == "NotImplemented" {
		return ledger.Misplaced("the store knows no conditional writes, and a ledger needs them", conditional,
			fmt.Errorf("%s: the store knows no conditional writes, and a ledger needs them: %w", l.place, err))
	}
	return forWriting(err)
}
