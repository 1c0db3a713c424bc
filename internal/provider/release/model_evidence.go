package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

func evidenceAttribute() schema.ListNestedAttribute {
	required := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: description}
	}
	optional := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "What was found out about the artifact, such as a scan or a signature: nothing begins unless each piece is of this artifact, passes and has not expired. Unknown blocks. " +
			"It is judged when a rollout begins, stands in the ledger with it, and holds up no rollback. What changes in it while the artifact stays the same opens nothing. Example: `data.sluice_ecr_artifact.checkout.evidence`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"kind":       required("What was looked at. Example: `\"scan\"`."),
			"digest":     required("The digest of the artifact that it is of. Example: `\"sha256:9f2c...\"`."),
			"status":     required("`pass`, `fail` or `unknown`."),
			"reason":     required("What was found, in one line. Example: `\"the basic scan found 2 low\"`."),
			"remedy":     optional("What a person can do about it."),
			"source":     optional("Where it was found. Example: `\"123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/checkout\"`."),
			"at":         optional("When it came about, RFC 3339."),
			"expires_at": optional("Until when it is good, RFC 3339. Default: it stays good. Example: `\"2026-12-03T08:00:00Z\"`."),
		}},
	}
}

// evidence reads the evidence. known is false while that is not known yet.
func (m model) evidence(ctx context.Context) (list []gate.Evidence, known bool) {
	if m.Evidence.IsNull() {
		return nil, true
	}
	raw, known := tfconv.Known(ctx, m.Evidence)
	if !known {
		return nil, false
	}
	return list, json.Unmarshal(raw, &list) == nil
}

// withEvidence puts the evidence back into the model, after an import.
func (m model) withEvidence(ctx context.Context, list []gate.Evidence) (model, error) {
	if len(list) == 0 {
		return m, nil
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return m, err
	}
	if m.Evidence, err = fromJSON[types.List](ctx, evidenceAttribute().GetType(), raw); err != nil {
		return m, fmt.Errorf("evidence: %w", err)
	}
	return m, nil
}

// keepEvidence keeps what the artifact was released with, as long as it stays the same:
// a scan that is made anew each day would otherwise change every plan.
func (p *planning) keepEvidence(rollout bool) {
	if rollout || p.state == nil || p.state.Evidence.IsNull() || p.plan.Evidence.IsNull() || p.plan.Evidence.IsUnknown() {
		return
	}
	payload, known := p.plan.payload()
	before, ok := p.state.evidence(context.Background())
	for _, e := range before {
		ok = ok && e.Digest == payload.Digest()
	}
	if known && ok && len(before) > 0 {
		p.plan.Evidence = p.state.Evidence
	}
}
