package declared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// errUnknownClient says that an apply began while the provider block was not
// known, which Terraform does not do.
var errUnknownClient = errors.New("the provider block is not known")

// GuardError says why an object must not be deleted. It is shown as it is.
type GuardError struct{ Why string }

// Error implements error.
func (e *GuardError) Error() string { return e.Why }

// put writes the planned object, behind the revision that is there when prior
// says that there is one. It returns the new state.
func (r *Resource) put(ctx context.Context, plan tfsdk.Plan, prior *tfsdk.State) (string, types.Object, error) {
	var wanted types.Object
	if d := plan.Get(ctx, &wanted); d.HasError() {
		return "", wanted, fmt.Errorf("%s", d[0].Detail())
	}
	name, content, ok, errs := r.wanted(ctx, wanted)
	switch {
	case r.client == nil || r.client.Unknown:
		return name, wanted, errUnknownClient
	case !ok:
		return name, wanted, errors.New("a value is not known though it is applied")
	case len(errs) > 0:
		return name, wanted, errs
	}
	l, expected, err := r.ledgerFor(ctx, name, prior)
	if err != nil {
		return name, wanted, err
	}
	put := ledger.Put{
		Kind: r.Object.Type, Name: name, Expected: expected, Content: content,
		Actor: r.client.Actor, At: r.client.Clock.Now(),
	}
	if _, err := ledger.PutObject(ctx, l, put); err != nil {
		return name, wanted, err
	}
	r.changed(l, name)
	id, err := l.ID(ctx)
	if err != nil {
		return name, wanted, err
	}
	if prior != nil {
		// A ledger that was bound in place of a lost one answers to both ids.
		if known := ledgerIDOf(ctx, *prior); known != "" {
			id = known
		}
	}
	state, err := r.Object.complete(ctx, wanted, name, content, id)
	return name, state, err
}

// wanted gives what an apply writes: the definition that was planned, which
// nothing that changed since, such as a file, can change.
func (r *Resource) wanted(ctx context.Context, value types.Object) (string, json.RawMessage, bool, field.Errors) {
	if had := planned(value); had != nil {
		name, _ := value.Attributes()[nameAttr].(types.String)
		return name.ValueString(), had, true, nil
	}
	return r.Object.content(ctx, value)
}

// ledgerFor opens the ledger and finds the revision to write behind.
func (r *Resource) ledgerFor(ctx context.Context, name string, prior *tfsdk.State) (ledger.Ledger, uint64, error) {
	if prior == nil {
		l, err := r.client.Writing(ctx)
		return l, 0, err
	}
	if _, err := r.client.Same(ctx, ledgerIDOf(ctx, *prior)); err != nil {
		return nil, 0, err
	}
	l, err := r.client.Writing(ctx)
	if err != nil {
		return nil, 0, err
	}
	found, err := ledger.GetObject(ctx, l, r.Object.Type, name)
	if errors.Is(err, ledger.ErrNotFound) {
		return l, 0, nil
	}
	return l, found.Revision, err
}

// read gives the state of the object as the ledger has it now.
func (r *Resource) read(ctx context.Context, name string, prior types.Object) (types.Object, error) {
	id := ""
	if v, ok := prior.Attributes()[ledgerAttr].(types.String); ok {
		id = v.ValueString()
	}
	l, err := r.client.Same(ctx, id)
	if err != nil {
		return prior, err
	}
	found, err := ledger.GetObject(ctx, l, r.Object.Type, name)
	if err != nil {
		return prior, err
	}
	if id == "" {
		if id, err = l.ID(ctx); err != nil {
			return prior, err
		}
	}
	return r.Object.value(ctx, prior, found.Content, id)
}

// remove takes the object away, unless its guard says no.
func (r *Resource) remove(ctx context.Context, name string, state tfsdk.State) error {
	l, err := r.client.Same(ctx, ledgerIDOf(ctx, state))
	if err != nil {
		return err
	}
	if r.Object.Guard != nil {
		if err := r.Object.Guard(ctx, r.client, l, name); err != nil {
			return err
		}
	}
	found, err := ledger.GetObject(ctx, l, r.Object.Type, name)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = ledger.DeleteObject(ctx, l, ledger.Delete{
		Kind: r.Object.Type, Name: name, Expected: found.Revision, Actor: r.client.Actor, At: r.client.Clock.Now(),
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err == nil {
		r.changed(l, name)
	}
	return err
}

// changed lets whoever wants to be told of the object know.
func (r *Resource) changed(l ledger.Ledger, name string) {
	if stream, err := ledger.ObjectStream(r.Object.Type, name); err == nil {
		r.client.Changed(l, stream)
	}
}

// left says what still leans on an object that was deleted. It is a warning alone, so
// one that cannot be told says so instead.
func (r *Resource) left(ctx context.Context, name string, state tfsdk.State) string {
	if r.Object.Left == nil {
		return ""
	}
	l, err := r.client.Same(ctx, ledgerIDOf(ctx, state))
	if err != nil {
		return ""
	}
	text, err := r.Object.Left(ctx, l, name)
	if err != nil {
		return fmt.Sprintf("It is deleted, and whether something still names it could not be told: %v", err)
	}
	return text
}
