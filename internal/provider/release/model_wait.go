package release

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// continuedBy reads who goes on, nil for nobody. known is false while that is not
// known yet.
func (m model) continuedBy(ctx context.Context) (by *engine.ContinuedBy, known bool) {
	if m.ContinuedBy.IsNull() {
		return nil, true
	}
	raw, known := tfconv.Known(ctx, m.ContinuedBy)
	if !known {
		return nil, false
	}
	by = &engine.ContinuedBy{}
	// Its own validator says what is wrong with the duration.
	return by, json.Unmarshal(raw, by) == nil
}

// withContinued puts who goes on back into the model, after an import.
func (m model) withContinued(ctx context.Context, by *engine.ContinuedBy) (model, error) {
	if by == nil {
		return m, nil
	}
	raw, err := json.Marshal(by)
	if err != nil {
		return m, err
	}
	m.ContinuedBy, err = fromJSON[types.Object](ctx, waitAttributes()["continued_by"].GetType(), raw)
	return m, err
}

// validateWait checks that a short wait says who goes on.
func (m model) validateWait() field.Errors {
	wait := engine.Wait(m.Wait.ValueString())
	if !wait.Short() || !m.ContinuedBy.IsNull() {
		return nil
	}
	if m.Irreversible.ValueBool() {
		return field.Errors{{Path: "wait", Msg: "\"" + string(wait) + "\" may leave a rollout without a driver, and the release is irreversible, so nothing would take it back; allowed is wait = \"complete\""}}
	}
	return field.Errors{{Path: "continued_by", Msg: "wait = \"" + string(wait) + "\" may leave the rollout open, and nothing says who goes on with it; name an agent, or a job that is more frequent than the strategy's revert_after, " +
		"for example continued_by = { agent = true }, or continued_by = { every = \"30s\" }; or stay to the end: wait = \"complete\""}}
}

// stay says how long an apply that begins now stays, and limit until when the whole
// run may last, zero for no limit.
func (m model) stay(now, limit time.Time) engine.Stay {
	s := engine.Stay{Wait: engine.Wait(m.Wait.ValueString()), Deadline: limit}
	if d, err := time.ParseDuration(m.WaitAtMost.ValueString()); err == nil {
		if own := now.Add(d); limit.IsZero() || own.Before(limit) {
			s.Deadline = own
		}
	}
	return s
}

// progress is the attribute of that name; null while no rollout is open.
func progress(h *engine.History) types.Object {
	open := h.Open()
	if open == nil {
		return types.ObjectNull(progressType.AttrTypes)
	}
	p := open.Progress()
	return types.ObjectValueMust(progressType.AttrTypes, map[string]attr.Value{
		"summary": types.StringValue(p.Text), "weight": types.Float64Value(p.Weight),
		"step": types.Int64Value(int64(p.Step)), "steps": types.Int64Value(int64(p.Steps)),
		"next_look_at": instantOrNull(p.NextLookAt), "continued_by": types.StringValue(p.By), "reverts_at": instantOrNull(p.RevertsAt),
	})
}

func instantOrNull(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(at.UTC().Format(time.RFC3339))
}

// underway is whether a rollout was open when this state was written.
func (m model) underway() bool {
	s := m.Status
	return !s.IsNull() && !s.IsUnknown() && s.ValueString() != steady && s.ValueString() != mixed
}
