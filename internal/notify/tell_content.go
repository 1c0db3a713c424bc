package notify

import (
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// contentOf is what an event of our own says of a record that is no move: the fields
// that matter to others, and never the whole body, which is the ledger's own affair.
// nil means that this record makes no event though others of its kind do.
func contentOf(rec ledger.Record) (map[string]any, error) {
	switch rec.Kind {
	case release.KindGates:
		return told(rec, func(b release.GatesBody) map[string]any { return blocked(b) })
	case release.KindOutcome:
		return told(rec, moved)
	case release.KindFailure:
		return told(rec, func(b release.FailureBody) map[string]any {
			return map[string]any{"effect": string(b.Kind), "step": b.Step + 1, "attempt": b.Attempt, "code": string(b.Code), "message": b.Message}
		})
	case release.KindChecked:
		return told(rec, func(b release.CheckedBody) map[string]any {
			return map[string]any{"step": b.Step + 1, "attempt": b.Attempt, "attempts": b.Attempts, "check": b.Result.Name, "status": string(b.Result.Status), "reason": b.Result.Reason}
		})
	case release.KindDependencies:
		return told(rec, func(b release.DependenciesBody) map[string]any {
			return map[string]any{"results": gates(b.Results, false)}
		})
	case drift.KindChecked:
		return told(rec, looked)
	case grant.KindOpened:
		return told(rec, func(b grant.OpenedBody) map[string]any {
			return map[string]any{"for_rollout": b.Number, "scope": string(b.Scope), "reason": b.Reason, "role_arn": b.Role, "session": b.Session, "access_key_id": b.AccessKeyID, "expiration": b.Expiration.UTC().Format(time.RFC3339)}
		})
	case ledger.KindMoved:
		return told(rec, func(b ledger.Moved) map[string]any { return map[string]any{"from": b.From, "to": b.To} })
	case ledger.KindUnsealed:
		return told(rec, func(b ledger.Unsealed) map[string]any { return map[string]any{"to": b.To, "reason": b.Reason} })
	case ledger.KindScope:
		return told(rec, func(b ledger.Scope) map[string]any { return scoped(b) })
	case release.KindAdopted:
		return told(rec, func(b release.AdoptedBody) map[string]any { return specified(b.Spec) })
	case release.KindSpecified:
		return told(rec, func(b release.SpecifiedBody) map[string]any { return specified(b.Spec) })
	case release.KindRenamed:
		return told(rec, func(b release.RenamedBody) map[string]any { return map[string]any{"from": b.From.String()} })
	case release.KindQuarantined:
		return told(rec, func(b release.Quarantined) map[string]any {
			return map[string]any{"artifactId": Purl(b.Payload), "version": b.Payload.Label(), "reason": b.Reason, "by": b.By}
		})
	}
	return plain(rec)
}

// plainFields are those that a record's body and the event call alike.
var plainFields = []string{"step", "reason", "by", "cause", "quarantine", "key", "target", "wave", "result", "part_rollout", "changed", "kept", "from", "trigger"}

// plain takes over the fields of a body that are texts, numbers and truths anyway.
// Steps are counted from 1, as everywhere where people read.
func plain(rec ledger.Record) (map[string]any, error) {
	return told(rec, func(body map[string]any) map[string]any {
		out := map[string]any{}
		for _, name := range plainFields {
			value, ok := body[name]
			if !ok {
				continue
			}
			if n, isNumber := value.(float64); isNumber && (name == "step" || name == "wave") {
				value = n + 1
			}
			out[strings.ReplaceAll(name, "part_rollout", "rollout")] = value
		}
		return out
	})
}

// told decodes a body and hands it to say.
func told[T any](rec ledger.Record, say func(T) map[string]any) (map[string]any, error) {
	var body T
	if err := decode(rec, &body); err != nil {
		return nil, err
	}
	return say(body), nil
}

// blocked is nil where all gates passed.
func blocked(b release.GatesBody) map[string]any {
	stopped := gates(b.Results, true)
	if len(stopped) == 0 {
		return nil
	}
	return map[string]any{"step": b.Step + 1, "gates": stopped}
}

func gates(results []gate.Result, stopping bool) []map[string]any {
	out := []map[string]any{}
	for _, r := range results {
		if stopping && r.Status == gate.Pass {
			continue
		}
		g := map[string]any{"gate": r.Gate, "status": string(r.Status)}
		set(g, "reason", r.Reason)
		set(g, "remedy", r.Remedy)
		if !r.NextAt.IsZero() {
			g["next_at"] = r.NextAt.UTC()
		}
		out = append(out, g)
	}
	return out
}

// looked is nil where there was nothing to compare.
func looked(r drift.Report) map[string]any {
	if !r.Told() {
		return nil
	}
	out := map[string]any{"status": string(r.Status), "mode": string(r.Mode), "differences": len(r.Differences)}
	set(out, "severity", string(r.Severity))
	set(out, "reason", r.Reason)
	return out
}

func scoped(s ledger.Scope) map[string]any {
	out := map[string]any{"scope": s.Scope}
	if len(s.Above) > 0 {
		out["above"] = s.Above
	}
	set(out, "reason", s.Reason)
	return out
}

// moved is nil where the target has moved no traffic.
func moved(b release.OutcomeBody) map[string]any {
	if !b.Done || b.Advised {
		return nil
	}
	weight := b.Weight
	switch b.Kind {
	case release.EffectApply, release.EffectLower:
	case release.EffectComplete:
		weight = 100
	case release.EffectRevert:
		weight = 0
	default:
		return nil
	}
	return map[string]any{"effect": string(b.Kind), "step": b.Step + 1, "weight": weight}
}

func specified(s release.Spec) map[string]any {
	return map[string]any{"artifactId": Purl(s.Payload), "version": s.Payload.Label(), "strategy": s.Strategy.Name, "mode": string(s.Mode)}
}
