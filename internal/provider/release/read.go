package release

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// Read takes over what the ledger says should be, and what the target says is. A
// target that cannot be seen is a warning, and what was last seen stays: unknown is
// not clean, and not gone either.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	key, err := engine.ParseKey(state.ID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to read release "+state.ID.ValueString(), err.Error())
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(key))...)
	if r.client.Unknown {
		return
	}
	l, err := r.client.Same(ctx, state.LedgerID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", "release", key.String(), err))
		return
	}
	h, err := r.client.Engine(l).Load(ctx, key)
	seen, more := seenBy(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	missed := diagnostics{}
	if err == nil || errors.Is(err, engine.ErrUnknown) {
		missed = r.lostSeen(ctx, l, "read", key, seen, h)
		resp.Diagnostics.Append(missed...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case errors.Is(err, engine.ErrUnknown), err == nil && wish(h) == nil:
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.AddWarning("The release "+key.String()+" is gone",
			"The ledger has nothing that ever succeeded for it, so nothing is managed. It is planned anew.")
		return
	case err != nil:
		resp.Diagnostics.AddError(diags.Unable("read", "release", key.String(), err))
		return
	}
	if state.LedgerID.IsNull() {
		id, err := l.ID(ctx)
		if err != nil {
			resp.Diagnostics.AddError(diags.Unable("read", "release", key.String(), err))
			return
		}
		state.LedgerID = types.StringValue(id)
	}
	if state.Service.IsNull() && h.Spec != nil {
		if state, err = state.imported(ctx, *h.Spec); err != nil {
			resp.Diagnostics.AddError(diags.Unable("import", "release", key.String(), err))
			return
		}
	}
	if len(missed) == 0 {
		resp.Diagnostics.Append(keepSeen(ctx, resp.Private, h)...)
	}
	r.refresh(ctx, req, resp, state, h)
}

// refresh writes the state that is read.
func (r *Resource) refresh(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse, state model, h *engine.History) {
	owner, more := r.ownerOf(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	if h.Owner != nil && owner.ID != "" && h.Owner.ID != owner.ID {
		resp.Diagnostics.AddWarning("The release "+h.Key.String()+" is managed by another state",
			fmt.Sprintf("%s (id %s) has taken it over; this state can no longer change it. Remove it from this configuration, or import it here again to take it back.", h.Owner.Label, h.Owner.ID))
	}
	if looks, ok := r.lookAtParts(ctx, h); ok {
		resp.Diagnostics.Append(unseen(h.Key, looks)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, state.fromHistory(h, nil).withParts(looks))...)
		return
	}
	obs, err := r.look(ctx, state, h)
	if err != nil {
		resp.Diagnostics.AddWarning("Unable to see what serves "+h.Key.String(),
			fmt.Sprintf("The target could not be read: %v.\nThe attribute serving stays as it was last seen, which need not be true any more.", err))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state.fromHistory(h, obs))...)
}

// unseen warns of targets that could not be seen.
func unseen(key engine.Key, looks []engine.PartLook) diagnostics {
	var out diagnostics
	var lines []string
	for _, l := range looks {
		if l.Err != nil {
			lines = append(lines, fmt.Sprintf("%s: %v", l.Name, l.Err))
		}
	}
	if len(lines) > 0 {
		out.AddWarning("Unable to see what serves "+key.String(),
			fmt.Sprintf("%d of %d targets could not be read. What targets_serving says of them is what was last seen, which need not be true any more.\n%s", len(lines), len(looks), strings.Join(lines, "\n")))
	}
	return out
}
