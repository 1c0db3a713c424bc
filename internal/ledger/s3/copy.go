package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Destination = (*Ledger)(nil)

// copyKey is the object that makes a prefix an unfinished copy, until it has a
// ledger.json. It stays there afterwards and says nothing more.
const copyKey = "copy.json"

const copyKind = "sluice-copy"

// copied reads of which ledger the prefix is an unfinished copy; empty when of none.
func (l *Ledger) copied(ctx context.Context) (string, error) {
	got, err := l.store.get(ctx, copyKey, "")
	if err != nil || got.etag == "" {
		return "", err
	}
	var a about
	if err := json.Unmarshal(got.data, &a); err != nil || a.Kind != copyKind || a.Ledger == "" {
		return "", fmt.Errorf("%s: %w: it holds a %s of something else; name a prefix of its own, %s", l.place, ledger.ErrForeign, copyKey, example)
	}
	return a.Ledger, checkFormat(got.data)
}

// unfinished refuses a prefix that is an unfinished copy to whoever does not copy.
func (l *Ledger) unfinished(ctx context.Context) error {
	id, err := l.copied(ctx)
	if err != nil || id == "" {
		return err
	}
	return fmt.Errorf("%s: %w, %s: run the same sluice ledger copy again to finish it, or copy to another prefix", l.place, ledger.ErrUnfinished, id)
}

// beginCopy makes the prefix an unfinished copy, or finds that it is.
func (l *Ledger) beginCopy(ctx context.Context) error {
	id, err := l.copied(ctx)
	if err == nil && id == "" && !l.opts.ReadOnly && !l.opts.MustExist {
		id, err = l.claim(ctx)
	}
	switch {
	case err == nil && id == "":
		return l.missing()
	case err != nil:
		return err
	case id != l.opts.CopyOf:
		return fmt.Errorf("%s: %w, and not of %s but of %s; name another prefix", l.place, ledger.ErrUnfinished, l.opts.CopyOf, id)
	}
	l.id, l.copying = id, true
	return nil
}

// claim writes copy.json where nothing is, and returns the UUID in the one that is
// there then.
func (l *Ledger) claim(ctx context.Context) (string, error) {
	if err := l.vacant(ctx, probeKey); err != nil {
		return "", err
	}
	if err := l.Safe(ctx); err != nil {
		return "", err
	}
	if err := l.writable(ctx); err != nil {
		return "", err
	}
	text, err := about{Format: format, Kind: copyKind, Ledger: l.opts.CopyOf}.text()
	if err != nil {
		return "", err
	}
	_, err = l.store.put(ctx, copyKey, text, "")
	if errors.Is(err, errCondition) {
		return l.copied(ctx)
	}
	return l.opts.CopyOf, forWriting(err)
}

// Unfinished implements ledger.Destination.
func (l *Ledger) Unfinished() bool { return l.copying }

// Finish implements ledger.Destination.
func (l *Ledger) Finish(ctx context.Context) error {
	if err := l.declare(ctx); err != nil {
		return err
	}
	l.copying = false
	return nil
}

// Import implements ledger.Destination. The parts are stored first, and then one head
// for all the records.
func (l *Ledger) Import(ctx context.Context, records []ledger.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	if err := l.writable(ctx); err != nil {
		return err
	}
	stream := records[0].Stream
	for range appendTries {
		h, err := l.load(ctx, stream)
		if err != nil {
			return err
		}
		next, err := l.grown(ctx, h, records)
		if err != nil || next == h {
			return err
		}
		if err := l.putHead(ctx, h, next); !errors.Is(err, errCondition) {
			return err
		}
	}
	return fmt.Errorf("%s: %w: the stream %s was written by others each time", l.place, ledger.ErrBusy, stream)
}

// grown is h with the records that are new, after the parts were stored.
func (l *Ledger) grown(ctx context.Context, h *head, records []ledger.Record) (*head, error) {
	if err := h.whole(); err != nil {
		return nil, err
	}
	var behind *ledger.Record
	if last, ok := h.last(); ok {
		behind = &last
	}
	fresh, err := ledger.Follow(behind, records)
	if err != nil {
		return nil, err
	}
	for _, r := range fresh {
		next, parts, err := h.grow(r, l.limits, l.oldIDs(ctx, h.Stream))
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			if err := l.putPart(ctx, p); err != nil {
				return nil, err
			}
		}
		h = next
	}
	return h, nil
}

// nested refuses a prefix below another ledger's. What that one's roles may, they
// might also below, and what is copied or cleared there would be both.
func (l *Ledger) nested(ctx context.Context) error {
	parts := strings.Split(strings.TrimSuffix(l.place.prefix, "/"), "/")
	if l.place.prefix == "" {
		return nil
	}
	for i := range parts {
		outer := *l.store
		outer.place.prefix = strings.Join(parts[:i], "/")
		if outer.place.prefix != "" {
			outer.place.prefix += "/"
		}
		got, err := outer.get(ctx, aboutKey, "")
		var denied *deniedError
		switch {
		case errors.As(err, &denied):
			// Whose policy ends at this prefix may not know, and mixes with nobody.
			continue
		case err != nil:
			return err
		}
		var a about
		if json.Unmarshal(got.data, &a) == nil && a.Kind == aboutKind {
			return fmt.Errorf("%s: %w: it lies inside the ledger %s; name a prefix beside it, %s", l.place, ledger.ErrForeign, outer.place, example)
		}
	}
	return nil
}
