package scope

import (
	"context"
	"errors"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Object is a declared object, and the level that declares it.
type Object struct {
	ledger.Object
	Level Level
}

// Find looks for a declared object in the asker's own scope and then upwards; the
// nearest is found. It is ledger.ErrNotFound only where every level could be read.
func Find(ctx context.Context, l ledger.Ledger, kind, name string) (Object, error) {
	found, err := ledger.GetObject(ctx, l, kind, name)
	if !errors.Is(err, ledger.ErrNotFound) {
		return Object{Object: found, Level: Level{Own: true, Ledger: l, Scope: OwnPath(ctx, l)}}, err
	}
	higher, failed := Higher(ctx, l)
	if failed != nil {
		return Object{}, failed
	}
	for _, level := range higher {
		found, above := ledger.GetObject(ctx, level.Ledger, kind, name)
		if !errors.Is(above, ledger.ErrNotFound) {
			return Object{Object: found, Level: level}, above
		}
	}
	return Object{}, err
}

// FindAll looks for a declared object in every level, the asker's own first: what a
// higher one declares is not undone by one of the same name below it.
func FindAll(ctx context.Context, l ledger.Ledger, kind, name string) ([]Object, error) {
	levels, err := Levels(ctx, l)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, level := range levels {
		found, err := ledger.GetObject(ctx, level.Ledger, kind, name)
		switch {
		case errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrInvalid):
		case err != nil:
			return nil, err
		default:
			out = append(out, Object{Object: found, Level: level})
		}
	}
	return out, nil
}

// List lists the declared objects of one kind in every level, the asker's own first.
func List(ctx context.Context, l ledger.Ledger, kind string) ([]Object, error) {
	levels, err := Levels(ctx, l)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, level := range levels {
		objects, err := ledger.ListObjects(ctx, level.Ledger, kind, "")
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			out = append(out, Object{Object: o, Level: level})
		}
	}
	return out, nil
}

// OwnPath is the asker's own scope, empty where nobody named it.
func OwnPath(ctx context.Context, l ledger.Ledger) Path {
	levels, err := Levels(ctx, l)
	if err != nil {
		return ""
	}
	return levels[0].Scope
}
