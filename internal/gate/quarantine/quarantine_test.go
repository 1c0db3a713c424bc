package quarantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/quarantine"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

var (
	now = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	key = release.Key{Service: "checkout", Environment: "production"}
)

func payload(version, hex, configuration string) artifact.Payload {
	p := artifact.Payload{Artifact: artifact.Artifact{
		Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(hex, 64),
	}}
	if configuration != "" {
		p.ConfigurationDigest = "sha256:" + strings.Repeat(configuration, 64)
	}
	return p
}

// stream appends records of the kinds and bodies given.
func stream(t *testing.T, l ledger.Ledger, k release.Key, records ...any) {
	t.Helper()
	for i := 0; i < len(records); i += 2 {
		body, err := json.Marshal(records[i+1])
		if err != nil {
			t.Fatal(err)
		}
		kind, ok := records[i].(string)
		if !ok {
			t.Fatalf("%v is no kind", records[i])
		}
		n := uint64(i / 2)
		if _, err := l.Append(context.Background(), k.Stream(), n, ledger.Entry{
			ID: fmt.Sprint("r", n), Kind: kind, At: now, Actor: "ci@acme", Body: body,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func check(l ledger.Ledger, p artifact.Payload) gate.Result {
	return quarantine.New(l).Check(context.Background(), gate.Subject{Service: "checkout", Environment: "production", Payload: p}, now)
}

func TestCheck(t *testing.T) {
	bad := payload("1.2.0", "c", "")
	byHand := release.Quarantined{Payload: bad, Reason: "wrong prices", By: "kim@acme", At: now}
	opened := release.OpenedBody{Number: 3, Kind: release.Forward, Spec: release.Spec{
		Format: 1, Service: "checkout", Payload: bad, Strategy: strategy.Definition{AllAtOnce: &strategy.AllAtOnce{}},
	}}
	back := struct {
		release.MoveBody
		Rollout int `json:"rollout"`
	}{release.MoveBody{From: release.Stepping, Cause: release.CauseHarm, Reason: "errors 41 of 203", Quarantine: true}, 3}
	const remedy = `release a fixed artifact; or, if you know better: sluice quarantine lift checkout/production 1.2.0 --reason "..."`

	cases := []struct {
		name    string
		stream  release.Key
		records []any
		payload artifact.Payload
		want    gate.Result
	}{
		{name: "a release that nobody has heard of", stream: key, payload: bad, want: gate.Result{Status: gate.Pass}},
		{name: "a quarantined payload", stream: key, records: []any{release.KindQuarantined, byHand}, payload: bad,
			want: gate.Result{Status: gate.Fail, Reason: "1.2.0 is quarantined: wrong prices (by kim@acme, 2026-11-27 14:03Z)", Remedy: remedy}},
		{name: "the same digest under another label and registry", stream: key, records: []any{release.KindQuarantined, byHand},
			payload: artifact.Payload{Artifact: artifact.Artifact{Version: "1.2.1", Reference: "mirror.example/x@" + bad.Digest()}},
			want:    gate.Result{Status: gate.Fail, Reason: "1.2.0 is quarantined: wrong prices (by kim@acme, 2026-11-27 14:03Z)", Remedy: remedy}},
		{name: "another artifact", stream: key, records: []any{release.KindQuarantined, byHand}, payload: payload("1.3.0", "d", ""),
			want: gate.Result{Status: gate.Pass}},
		{name: "the same artifact with another configuration", stream: key, records: []any{release.KindQuarantined, byHand}, payload: payload("1.2.0", "c", "e"),
			want: gate.Result{Status: gate.Pass}},
		{name: "a lifted quarantine", stream: key, payload: bad,
			records: []any{release.KindQuarantined, byHand, release.KindLifted, release.LiftedBody{Key: bad.Key(), Reason: "prices were right", By: "kim@acme"}},
			want:    gate.Result{Status: gate.Pass}},
		{name: "the lifting of another", stream: key, payload: bad,
			records: []any{release.KindQuarantined, byHand, release.KindLifted, release.LiftedBody{Key: payload("1.3.0", "d", "").Key()}},
			want:    gate.Result{Status: gate.Fail, Reason: "1.2.0 is quarantined: wrong prices (by kim@acme, 2026-11-27 14:03Z)", Remedy: remedy}},
		{name: "what a rollback left behind", stream: key, payload: bad,
			records: []any{release.KindOpened, opened, "rollout.reverting", back},
			want:    gate.Result{Status: gate.Fail, Reason: "1.2.0 is quarantined: errors 41 of 203 (by ci@acme in rollout 3, 2026-11-27 14:03Z)", Remedy: remedy}},
		{name: "another environment's quarantine", stream: release.Key{Service: "checkout", Environment: "staging"},
			records: []any{release.KindQuarantined, byHand}, payload: bad, want: gate.Result{Status: gate.Pass}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := mem.New(now)
			stream(t, l, c.stream, c.records...)
			c.want.Gate = "quarantine"
			if diff := cmp.Diff(c.want, check(l, c.payload)); diff != "" {
				t.Errorf("the gate's answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckUnknown(t *testing.T) {
	bad := release.Quarantined{Payload: payload("1.2.0", "c", ""), By: "kim@acme", At: now}
	cases := []struct {
		name    string
		prepare func(*testing.T, *mem.Ledger)
		payload artifact.Payload
		want    string
	}{
		{"a ledger that fails", func(_ *testing.T, l *mem.Ledger) {
			l.Fault = func(string, mem.Phase) error { return errors.New("disk on fire") }
		}, bad.Payload, "disk on fire"},
		{"a chain that is broken", func(t *testing.T, l *mem.Ledger) {
			stream(t, l, key, release.KindQuarantined, bad)
			l.Tamper(key.Stream(), 1, func(r *ledger.Record) { r.Body = json.RawMessage(`{}`) })
		}, bad.Payload, "unable to read the record of checkout/production"},
		{"a record of a newer version", func(t *testing.T, l *mem.Ledger) {
			stream(t, l, key, "quarantine.extended", bad)
		}, bad.Payload, "unable to understand the record of checkout/production"},
		{"a payload without a digest", func(*testing.T, *mem.Ledger) {}, artifact.Payload{}, "has no digest"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := mem.New(now)
			c.prepare(t, l)
			got := check(l, c.payload)
			if got.Status != gate.Unknown || !strings.Contains(got.Reason, c.want) || got.Remedy == "" {
				t.Errorf("the gate says %+v; want unknown, with %q and a remedy", got, c.want)
			}
		})
	}
}
