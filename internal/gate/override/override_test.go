package override_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func mend() override.Override {
	return override.Override{
		Service: "checkout", Environment: "production", Digest: "sha256:" + strings.Repeat("a", 64), Window: "peak",
		Reason: "checkout is down", By: "kim@acme", At: noon, Expires: noon.Add(2 * time.Hour),
	}
}

func with(change func(*override.Override)) override.Override {
	o := mend()
	change(&o)
	return o
}

func list(t *testing.T, l ledger.Ledger) []override.Override {
	t.Helper()
	all, err := override.List(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	of, err := override.Of(context.Background(), l, mend().Key())
	if err != nil || len(of) > len(all) {
		t.Fatal(of, err)
	}
	return all
}

func TestRecordKeepsOneForEachPayloadAndWindow(t *testing.T) {
	ctx, l := context.Background(), mem.New(noon)
	other := with(func(o *override.Override) { o.Window = "audit" })
	elsewhere := with(func(o *override.Override) { o.Environment = "staging" })
	again := with(func(o *override.Override) {
		o.Reason, o.Expires, o.At = "still down", noon.Add(4*time.Hour), noon.Add(time.Hour)
	})
	for _, o := range []override.Override{mend(), other, elsewhere, again} {
		if err := override.Record(ctx, l, o); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]override.Override{other, again, elsewhere}, list(t, l)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The record keeps who did what, and why.
	history, err := ledger.ObjectHistory(ctx, l, override.ObjectKind, "checkout/production")
	if err != nil || len(history) != 3 || history[0].Actor != "kim@acme" || history[0].Reason != "checkout is down" {
		t.Errorf("%+v, %v", history, err)
	}
}

func TestAnOverrideEnds(t *testing.T) {
	o := mend()
	for at, want := range map[time.Time]bool{
		noon.Add(-time.Minute): true, // Another clock may be behind.
		noon:                   true, o.Expires.Add(-time.Nanosecond): true, o.Expires: false,
	} {
		if o.InForce(at) != want {
			t.Errorf("at %s it is in force: %t", at, !want)
		}
	}
	if diff := cmp.Diff(calendar.Lift{Window: "peak", From: noon.Add(-time.Minute), Until: o.Expires}, o.Lift(noon.Add(-time.Minute))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithdraw(t *testing.T) {
	ctx, l := context.Background(), mem.New(noon)
	if err := override.Record(ctx, l, mend()); err != nil {
		t.Fatal(err)
	}
	w := override.Withdrawal{By: "jo@acme", Reason: "not needed", At: noon.Add(time.Minute)}
	if err := override.Withdraw(ctx, l, mend(), override.Withdrawal{By: "jo@acme", At: noon}); !errors.Is(err, override.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := override.Withdraw(ctx, l, mend(), w); err != nil {
		t.Fatal(err)
	}
	got := list(t, l)
	if len(got) != 1 || got[0].InForce(noon.Add(time.Minute)) || got[0].Withdrawn == nil || *got[0].Withdrawn != w {
		t.Errorf("%+v", got)
	}
	if err := override.Withdraw(ctx, l, mend(), w); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestRecordRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		o    override.Override
		want string
	}{
		"no service":      {with(func(o *override.Override) { o.Service = "" }), "the name is empty"},
		"half a digest":   {with(func(o *override.Override) { o.Digest = "sha256:abc" }), `"sha256:abc" is no digest of a payload`},
		"no digest":       {with(func(o *override.Override) { o.Digest = "" }), "is no digest of a payload"},
		"no window":       {with(func(o *override.Override) { o.Window = "" }), "no window is named"},
		"no reason":       {with(func(o *override.Override) { o.Reason = " " }), "it has no reason"},
		"no author":       {with(func(o *override.Override) { o.By = "" }), "nobody is named"},
		"no end":          {with(func(o *override.Override) { o.Expires = time.Time{} }), "give an end that lies ahead"},
		"an end too far":  {with(func(o *override.Override) { o.Expires = noon.Add(override.MaxFor + time.Second) }), "longer than the 24 hours"},
		"an end at once":  {with(func(o *override.Override) { o.Expires = noon }), "which is not after"},
		"capital letters": {with(func(o *override.Override) { o.Digest = strings.ToUpper(o.Digest) }), "is no digest"},
	} {
		t.Run(name, func(t *testing.T) {
			l := mem.New(noon)
			err := override.Record(context.Background(), l, c.o)
			if !errors.Is(err, override.ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "for example") && name != "no service" {
				t.Errorf("%v, want %q", err, c.want)
			}
			if got := list(t, l); len(got) != 0 {
				t.Errorf("it was written: %+v", got)
			}
		})
	}
}

// What this version cannot read opens nothing.
func TestAnOverrideThatCannotBeReadIsAnError(t *testing.T) {
	whole, err := json.Marshal(mend())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"of a newer version": `{"overrides":[],"moon":"full"}`,
		"without an end":     `{"overrides":[` + strings.Replace(string(whole), `"expires":"2026-11-27T14:00:00Z"`, `"expires":"2027-11-27T14:00:00Z"`, 1) + `]}`,
		"of another release": `{"overrides":[` + strings.Replace(string(whole), "production", "staging", 1) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, l := context.Background(), mem.New(noon)
			if _, err := ledger.PutObject(ctx, l, ledger.Put{Kind: override.ObjectKind, Name: "checkout/production", Content: json.RawMessage(content), Actor: "x", At: noon}); err != nil {
				t.Fatal(err)
			}
			if got, err := override.Of(ctx, l, mend().Key()); err == nil || !strings.Contains(err.Error(), "checkout/production (revision 1)") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
