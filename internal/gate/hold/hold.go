// Package hold is somebody's stop order: on everything, on an environment, on a
// service, or on one service in one environment. It stops what goes forward, and
// never a rollback.
package hold

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// ObjectKind is the kind of the declared objects that are holds. Their names are
// scopes, and their content is a Hold.
const ObjectKind = "hold"

var (
	// ErrInvalid is wrapped by what Place and Lift refuse before they write.
	ErrInvalid = errors.New("not a valid hold")
	// ErrHeld: somebody else's hold on the same scope is open.
	ErrHeld = errors.New("the scope is on hold already")
)

// Hold is a stop order. It is open from the moment it is placed until it is
// lifted, or until Until where that is given.
type Hold struct {
	Scope Scope `json:"scope"`
	// Reason and By say why and who; neither may be empty.
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// Until is when it ends by itself, zero for never.
	Until time.Time `json:"until,omitzero"`

	// Above is the organisational scope in whose ledger it stands, where that lies above
	// the one that asks; no JSON has it.
	Above scope.Path `json:"-"`
}

// Open says whether the hold stops anything at an instant. It does from the
// moment it can be read, so that a clock that runs behind cannot slip past it.
func (h Hold) Open(at time.Time) bool { return h.Until.IsZero() || at.Before(h.Until) }

func (h Hold) validate() error {
	switch {
	case h.Scope.problem() != "":
		return fmt.Errorf("%w: %s%s", ErrInvalid, h.Scope.problem(), allowed)
	case h.Reason == "":
		return fmt.Errorf("%w: it has no reason; whoever is stopped wants to know why, for example \"database is being moved\"", ErrInvalid)
	case h.By == "":
		return fmt.Errorf("%w: nobody is named as placing it, for example \"kim@acme\"", ErrInvalid)
	case !h.Until.IsZero() && !h.Until.After(h.At):
		return fmt.Errorf("%w: it would end at %s, which is not after %s; the end must lie ahead, for example in two hours, or be left out", ErrInvalid, stamp(h.Until), stamp(h.At))
	}
	return nil
}

// Place puts a hold into the ledger. The same person may place it anew, with
// another reason or end; over somebody else's open hold it is ErrHeld, because
// that would lift theirs. After an error that leaves the outcome open the caller
// repeats the very same call.
func Place(ctx context.Context, l ledger.Ledger, h Hold) error {
	h.At, h.Until = h.At.UTC(), h.Until.UTC()
	if err := h.validate(); err != nil {
		return err
	}
	var revision uint64
	switch present, err := ledger.GetObject(ctx, l, ObjectKind, string(h.Scope)); {
	case errors.Is(err, ledger.ErrNotFound):
	case err != nil:
		return fmt.Errorf("unable to place a hold on %q: %w", h.Scope, err)
	default:
		revision = present.Revision
		old, err := decode(present)
		if err != nil {
			return err
		}
		if old.By != h.By && old.Open(h.At) {
			return fmt.Errorf("%w: %s by %s: %s; that hold stops the same releases, and is lifted with: sluice hold lift %s --reason \"...\"", ErrHeld, h.Scope.words(), old.By, old.Reason, h.Scope)
		}
	}
	content, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("unable to place a hold on %q: %w", h.Scope, err)
	}
	_, err = ledger.PutObject(ctx, l, ledger.Put{
		Kind: ObjectKind, Name: string(h.Scope), Expected: revision, Content: content,
		Actor: h.By, At: h.At, Reason: h.Reason,
	})
	if err != nil {
		return fmt.Errorf("unable to place a hold on %q: %w", h.Scope, err)
	}
	return nil
}

// Lift takes a hold away, whoever placed it. The reason is recorded and may not
// be empty. It is ledger.ErrNotFound when the scope has no hold; one that has
// ended by itself can still be lifted.
func Lift(ctx context.Context, l ledger.Ledger, scope Scope, by, reason string, at time.Time) error {
	lifted := Hold{Scope: scope, Reason: reason, By: by, At: at}
	if err := lifted.validate(); err != nil {
		return fmt.Errorf("unable to lift a hold: %w", err)
	}
	present, err := ledger.GetObject(ctx, l, ObjectKind, string(scope))
	if err != nil {
		return fmt.Errorf("unable to lift the hold on %q: %w", scope, err)
	}
	err = ledger.DeleteObject(ctx, l, ledger.Delete{
		Kind: ObjectKind, Name: string(scope), Expected: present.Revision, Actor: by, At: at, Reason: reason,
	})
	if err != nil {
		return fmt.Errorf("unable to lift the hold on %q: %w", scope, err)
	}
	return nil
}

// Everywhere returns the holds as List does, those in the ledgers of the scopes above
// behind the ledger's own. With an error it returns those that could be read.
func Everywhere(ctx context.Context, l ledger.Ledger) ([]Hold, error) {
	levels, err := scope.Levels(ctx, l)
	if err != nil {
		own, ownErr := List(ctx, l)
		return own, errors.Join(err, ownErr)
	}
	var all []Hold
	var errs error
	for _, level := range levels {
		holds, err := List(ctx, level.Ledger)
		errs = errors.Join(errs, err)
		for _, h := range holds {
			h.Above = level.Above()
			all = append(all, h)
		}
	}
	return all, errs
}

// List returns the holds that nobody lifted, in the order of scopes, with those
// that have ended by themselves; Hold.Open tells them apart. One that cannot be
// read is an error.
func List(ctx context.Context, l ledger.Ledger) ([]Hold, error) {
	objects, err := ledger.ListObjects(ctx, l, ObjectKind, "")
	if err != nil {
		return nil, fmt.Errorf("unable to read the holds from the ledger: %w", err)
	}
	holds := make([]Hold, 0, len(objects))
	for _, o := range objects {
		h, err := decode(o)
		if err != nil {
			return nil, err
		}
		holds = append(holds, h)
	}
	return holds, nil
}

// decode reads a hold strictly: a field of a newer version could narrow or widen
// what it stops. What stops releases is the object's name.
func decode(o ledger.Object) (Hold, error) {
	var h Hold
	dec := json.NewDecoder(bytes.NewReader(o.Content))
	dec.DisallowUnknownFields()
	err := dec.Decode(&h)
	if err == nil && string(h.Scope) != o.Name {
		err = fmt.Errorf("it is for the scope %q", h.Scope)
	}
	if err == nil {
		err = h.validate()
	}
	if err != nil {
		return Hold{}, fmt.Errorf("unable to read the hold on %q (revision %d): %w", o.Name, o.Revision, err)
	}
	return h, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
