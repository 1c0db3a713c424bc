package notify

import (
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// tellObject makes the event of a declared object's revision.
func (t Teller) tellObject(before *ledger.Record, rec ledger.Record) ([]Event, error) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(rec.Stream, ledger.ObjectPrefix), "/")
	if kind == StateKind {
		return nil, nil
	}
	a := about{rec: rec, subject: name, About: About{
		Record: RecordName{Ledger: t.Ledger, Stream: rec.Stream, Seq: rec.Seq, Kind: rec.Kind, Hash: rec.Hash},
		Actor:  rec.Actor, Service: rec.Service, Environment: rec.Environment,
	}}
	var body struct {
		Reason string `json:"reason"`
	}
	if err := decode(rec, &body); err != nil {
		return nil, err
	}
	a.Reason = body.Reason
	deleted := rec.Kind == ledger.KindObjectDeleted
	content := map[string]any{"kind": kind, "name": name, "revision": rec.Seq}
	set(content, "reason", body.Reason)
	switch kind {
	case release.EnvironmentKind:
		a.Environment = name
		return []Event{t.event(environmentType(before, deleted), a, map[string]any{"name": name})}, nil
	case release.ServiceKind:
		a.Service = name
	case holdKind:
		a.Service, a.Environment = scopeOf(name)
		return []Event{t.event(either(deleted, Own("hold", "lifted"), Own("hold", "placed")), a, content)}, nil
	}
	return []Event{t.event(either(deleted, Own(kind, "deleted"), Own(kind, "declared")), a, content)}, nil
}

func environmentType(before *ledger.Record, deleted bool) Type {
	switch {
	case deleted:
		return EnvironmentDeleted
	case before == nil || before.Kind == ledger.KindObjectDeleted:
		return EnvironmentCreated
	default:
		return EnvironmentModified
	}
}

func either(first bool, yes, no Type) Type {
	if first {
		return yes
	}
	return no
}

// scopeOf gives the service and the environment that a hold's scope names.
func scopeOf(scope string) (service, environment string) {
	what, name, _ := strings.Cut(scope, "/")
	switch what {
	case "service":
		return name, ""
	case "environment":
		return "", name
	case "release":
		service, environment, _ = strings.Cut(name, "/")
	}
	return service, environment
}
