package window_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// levels are an organisation's ledger and, below it, a unit's, seen from there.
func levels(t *testing.T) (acme, retail *mem.Ledger, view ledger.Ledger, away *error) {
	t.Helper()
	acme, retail, away = mem.New(noon), mem.New(noon), new(error)
	if _, err := scope.Bind(t.Context(), acme, scope.Config{Scope: "acme"}, "x", noon); err != nil {
		t.Fatal(err)
	}
	c, errs := scope.Given("mem:retail", "acme/retail", map[string]string{"acme": "mem:acme"})
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	open := func(context.Context, string) (ledger.Ledger, error) { return acme, *away }
	return acme, retail, scope.New(retail, c, open, clock.NewFake(noon)), away
}

func TestAFreezeAboveFreezesBelow(t *testing.T) {
	t.Parallel()
	acme, _, view, away := levels(t)
	declare(t, acme, blackFriday())
	got := window.New(view).Check(t.Context(), carrying(""), noon)
	if got.Status != gate.Fail || !strings.HasPrefix(got.Reason, `freeze "acme/black-friday" until 2026-11-30 22:00 Europe/Berlin: peak trade`) {
		t.Errorf("%+v", got)
	}
	if want := `sluice override checkout/production --digest ` + digest + ` --window black-friday --reason "..." --expires 2h  # in the ledger of the scope acme`; !strings.Contains(got.Remedy, want) {
		t.Errorf("the remedy is %q", got.Remedy)
	}
	elsewhere := carrying("")
	elsewhere.Environment = "staging"
	declare(t, acme, with(func(w *calendar.Window) { w.Name, w.Scope.Environments = "later", []string{"production"} }))
	if err := ledger.DeleteObject(t.Context(), acme, ledger.Delete{Kind: window.ObjectKind, Name: "black-friday", Expected: 1, Actor: "x", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := window.New(view).Check(t.Context(), elsewhere, noon); got.Status != gate.Pass {
		t.Errorf("the freeze's own selector leaves staging out, and: %+v", got)
	}
	_ = away
}

func TestALedgerAboveThatIsAwayIsUnknown(t *testing.T) {
	t.Parallel()
	_, _, view, away := levels(t)
	*away = errors.New("no route to host")
	got := window.New(view).Check(t.Context(), carrying(""), noon)
	if got.Status != gate.Unknown || !strings.Contains(got.Reason, "unable to read the ledger of the scope acme, which is above: no route to host") || got.Remedy == "" {
		t.Errorf("%+v", got)
	}
}

// The allow windows of each scope must be open by themselves: a lower one narrows.
func TestAllowsOfSeveralScopesMeet(t *testing.T) {
	t.Parallel()
	acme, retail, view, _ := levels(t)
	declare(t, acme, office()) // Weekdays 09:00 to 17:00.
	night := office()
	night.Name, night.Weekly = "office", []calendar.Weekly{{Days: []string{"sat", "fri"}, From: "15:00", To: "20:00"}}
	declare(t, retail, night)
	g := window.New(view)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for hour, want := range map[int]gate.Status{12: gate.Fail, 16: gate.Pass, 18: gate.Fail} {
		if got := g.Check(t.Context(), carrying(""), time.Date(2026, 11, 27, hour, 0, 0, 0, berlin)); got.Status != want {
			t.Errorf("Friday at %d: %+v", hour, got)
		}
	}
	got := g.Check(t.Context(), carrying(""), time.Date(2026, 11, 28, 16, 0, 0, 0, berlin))
	if got.Status != gate.Fail || !strings.HasPrefix(got.Reason, `outside allow "acme/office"`) || !got.NextAt.Equal(time.Date(2026, 12, 4, 15, 0, 0, 0, berlin)) {
		t.Errorf("Saturday, which only the lower one allows: %+v", got)
	}
}

// An override counts where it was recorded, and only for what that scope declares.
func TestAnOverrideBelowOpensNothingAbove(t *testing.T) {
	t.Parallel()
	acme, retail, view, _ := levels(t)
	declare(t, acme, blackFriday())
	declare(t, retail, blackFriday()) // Declared before the organisation had one of the name.
	g := window.New(view)
	if err := override.Record(t.Context(), retail, mend(nil)); err != nil {
		t.Fatal(err)
	}
	if got := g.Check(t.Context(), carrying(""), noon); got.Status != gate.Fail || !strings.HasPrefix(got.Reason, `freeze "acme/black-friday" until`) {
		t.Errorf("the lower one opens the lower window alone: %+v", got)
	}
	err := override.Record(t.Context(), retail, mend(func(o *override.Override) { o.Window = "acme/black-friday" }))
	if !errors.Is(err, override.ErrInvalid) || !strings.Contains(err.Error(), "only its own ledger can hold an override of it") {
		t.Errorf("%v", err)
	}
	// One that got there all the same opens nothing, and is said not to count.
	raw, err := json.Marshal(map[string]any{"overrides": []override.Override{mend(nil), mend(func(o *override.Override) { o.Window = "acme/black-friday" })}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.PutObject(t.Context(), retail, ledger.Put{Kind: override.ObjectKind, Name: "checkout/production", Expected: 1, Content: raw, Actor: "x", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := g.Check(t.Context(), carrying(""), noon); got.Status != gate.Fail || !strings.Contains(got.Reason, `does not count: it stands in a ledger below, and only one in that of the scope acme can open it`) {
		t.Errorf("%+v", got)
	}
	// Recorded above, it opens the window above.
	if err := override.Record(t.Context(), acme, mend(nil)); err != nil {
		t.Fatal(err)
	}
	got := g.Check(t.Context(), carrying(""), noon)
	if got.Status != gate.Pass || !strings.Contains(got.Override, `kim@acme overrode window "acme/black-friday"`) {
		t.Errorf("%+v", got)
	}
}

// What a lower scope says of an environment that a higher one declares does not take a
// release out of a window's reach.
func TestTheTierAboveCounts(t *testing.T) {
	t.Parallel()
	acme, _, view, _ := levels(t)
	declare(t, acme, with(func(w *calendar.Window) { w.Scope.Tiers = []string{"production"} }))
	s := carrying("")
	s.Tier = "development"
	if got := window.New(view).Check(t.Context(), s, noon); got.Status != gate.Pass {
		t.Errorf("nobody above declares the environment: %+v", got)
	}
	content, err := json.Marshal(release.Environment{Name: "production", Tier: "production"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.PutObject(t.Context(), acme, ledger.Put{Kind: release.EnvironmentKind, Name: "production", Content: content, Actor: "x", At: noon}); err != nil {
		t.Fatal(err)
	}
	if got := window.New(view).Check(t.Context(), s, noon); got.Status != gate.Fail {
		t.Errorf("%+v", got)
	}
}
