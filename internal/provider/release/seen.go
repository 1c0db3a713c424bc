package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// seenKey is where the private state holds the newest record of the release that this
// state knows of. A ledger that was brought back from an older copy lacks it, and nothing
// within such a ledger shows that.
const seenKey = "seen"

// seenBy reads the record that a state has seen; none after an import, and in a state of
// an older version.
func seenBy(ctx context.Context, p private) (ledger.Seen, diagnostics) {
	var seen ledger.Seen
	raw, diags := p.GetKey(ctx, seenKey)
	if diags.HasError() || len(raw) == 0 {
		return ledger.Seen{}, diags
	}
	if err := json.Unmarshal(raw, &seen); err != nil {
		diags.AddError("Unexpected private state", fmt.Sprintf("The newest record of the release cannot be read from the private state: %v", err))
	}
	return seen, diags
}

// keepSeen remembers the end of a history. What is not in the ledger yet, since it was
// away when something went back, is not remembered.
func keepSeen(ctx context.Context, p privateWriter, h *engine.History) diagnostics {
	if h == nil || h.Seq == 0 || h.Newest.Hash == "" {
		return nil
	}
	raw, err := json.Marshal(ledger.Seen{Head: endOf(h), At: h.Newest.At})
	if err != nil {
		var diags diagnostics
		diags.AddError("Unexpected record", err.Error())
		return diags
	}
	return p.SetKey(ctx, seenKey, raw)
}

// endOf is where a history ends.
func endOf(h *engine.History) ledger.Head {
	return ledger.Head{Stream: h.Key.Stream(), Seq: h.Seq, Hash: h.Newest.Hash}
}

// lost refuses forward work on a ledger that lacks what the state has seen. It is asked at
// plan, and so at apply too, where core plans again. What goes back is done by commands,
// which know no state.
func (r *Resource) lost(ctx context.Context, l ledger.Ledger, verb string, key engine.Key, seen ledger.Seen, h *engine.History) diagnostics {
	var out diagnostics
	now := ledger.Head{Stream: key.Stream()}
	if h != nil {
		now = endOf(h)
	}
	if err := ledger.CheckSeen(ctx, l, seen, now); err != nil {
		r.client.Lose(key, err)
		out.AddError(diags.Unable(verb, "release", key.String(), err))
	}
	return out
}

// lostSeen is what is said of it where nothing goes forward: a warning, so that what
// serves can still be seen, except where the ledger has nothing of the release left: it is
// not gone.
func (r *Resource) lostSeen(ctx context.Context, l ledger.Ledger, verb string, key engine.Key, seen ledger.Seen, h *engine.History) diagnostics {
	found := r.lost(ctx, l, verb, key, seen, h)
	if h == nil || wish(h) == nil {
		return found
	}
	var out diagnostics
	for _, d := range found {
		out.AddWarning(d.Summary(), d.Detail())
	}
	return out
}
