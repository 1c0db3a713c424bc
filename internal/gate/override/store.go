package override

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// ObjectKind is the kind of the objects that hold overrides, one for each release,
// under its key. Their revisions are the record of who did what.
const ObjectKind = "override"

// maxKept bounds how many a release's object holds; those that ended first go
// first. Earlier revisions keep them.
const maxKept = 100

// attempts bounds how often a change is tried anew when somebody else was quicker.
const attempts = 5

// content is what such an object holds.
type content struct {
	Overrides []Override `json:"overrides"`
}

// Record puts an override into the ledger. One of the same payload and window that
// is there already is replaced. After an unknown outcome the caller repeats the
// very same call.
func Record(ctx context.Context, l ledger.Ledger, o Override) error {
	o.At, o.Expires, o.Withdrawn = o.At.UTC(), o.Expires.UTC(), nil
	if err := o.validate(); err != nil {
		return err
	}
	if above, name := scope.SplitName(o.Window); above != "" {
		return fmt.Errorf("%w: the window %q is of the scope %s, which is above, and only its own ledger can hold an override of it; whoever may write there records it under the name %q", ErrInvalid, o.Window, above, name)
	}
	return change(ctx, l, o.Key(), o.By, o.Reason, o.At, func(list []Override) ([]Override, error) {
		list = slices.DeleteFunc(list, func(old Override) bool { return old.same(o) })
		list = append(list, o)
		for len(list) > maxKept {
			list = slices.Delete(list, 0, 1)
		}
		return list, nil
	})
}

// Withdraw takes back the override of a payload and a window, which Key, Digest and
// Window of o name. It is ledger.ErrNotFound when none is in force.
func Withdraw(ctx context.Context, l ledger.Ledger, o Override, w Withdrawal) error {
	w.At = w.At.UTC()
	return change(ctx, l, o.Key(), w.By, w.Reason, w.At, func(list []Override) ([]Override, error) {
		for i := range list {
			if list[i].same(o) && list[i].InForce(w.At) {
				list[i].Withdrawn = &w
				return list, list[i].validate()
			}
		}
		return nil, fmt.Errorf("override of the window %q for %s: %w", o.Window, o.Key(), ledger.ErrNotFound)
	})
}

// change reads, edits and writes the overrides of a release.
func change(ctx context.Context, l ledger.Ledger, key release.Key, by, reason string, at time.Time, edit func([]Override) ([]Override, error)) error {
	for try := 1; ; try++ {
		list, revision, err := load(ctx, l, key)
		if err != nil {
			return err
		}
		if list, err = edit(list); err != nil {
			return err
		}
		raw, err := json.Marshal(content{list})
		if err != nil {
			return fmt.Errorf("unable to write the overrides of %s: %w", key, err)
		}
		_, err = ledger.PutObject(ctx, l, ledger.Put{
			Kind: ObjectKind, Name: key.String(), Expected: revision, Content: raw, Actor: by, At: at, Reason: reason,
			Service: key.Service, Environment: key.Environment,
		})
		var conflict *ledger.ConflictError
		if errors.As(err, &conflict) && try < attempts {
			continue
		}
		if err != nil {
			return fmt.Errorf("unable to write the overrides of %s: %w", key, err)
		}
		return nil
	}
}

// Of returns the overrides of one release, the oldest first, with those that have
// ended. One that cannot be read is an error.
func Of(ctx context.Context, l ledger.Ledger, key release.Key) ([]Override, error) {
	list, _, err := load(ctx, l, key)
	return list, err
}

// Everywhere returns the overrides of one release as Of does, those in the ledgers of
// the scopes above behind its own; Above says where each stands.
func Everywhere(ctx context.Context, l ledger.Ledger, key release.Key) ([]Override, error) {
	levels, err := scope.Levels(ctx, l)
	if err != nil {
		return nil, err
	}
	var all []Override
	for _, level := range levels {
		list, err := Of(ctx, level.Ledger, key)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			o.Above = level.Above()
			all = append(all, o)
		}
	}
	return all, nil
}

// List returns the overrides of all releases, by release and then as Of does.
func List(ctx context.Context, l ledger.Ledger) ([]Override, error) {
	objects, err := ledger.ListObjects(ctx, l, ObjectKind, "")
	if err != nil {
		return nil, fmt.Errorf("unable to read the overrides from the ledger: %w", err)
	}
	var all []Override
	for _, o := range objects {
		list, err := decode(o)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// load returns the overrides of a release, and the revision that holds them.
func load(ctx context.Context, l ledger.Ledger, key release.Key) ([]Override, uint64, error) {
	switch o, err := ledger.GetObject(ctx, l, ObjectKind, key.String()); {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("unable to read the overrides of %s: %w", key, err)
	default:
		list, err := decode(o)
		return list, o.Revision, err
	}
}

// decode reads strictly: a field of a newer version could narrow an override.
func decode(o ledger.Object) ([]Override, error) {
	var c content
	dec := json.NewDecoder(bytes.NewReader(o.Content))
	dec.DisallowUnknownFields()
	err := dec.Decode(&c)
	for i := range c.Overrides {
		if err == nil {
			err = c.Overrides[i].validate()
		}
		if err == nil && c.Overrides[i].Key().String() != o.Name {
			err = fmt.Errorf("one of them is of %s", c.Overrides[i].Key())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("unable to read the overrides of %s (revision %d): %w", o.Name, o.Revision, err)
	}
	return c.Overrides, nil
}
