package actions_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/actions"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// TestWhatIsWrongWithAnActionIsSaidOnItsAttribute is the list of bad input.
func TestWhatIsWrongWithAnActionIsSaidOnItsAttribute(t *testing.T) {
	w := newWorld(t)
	w.shipped(first, good)
	text := acctest.Text
	for name, c := range map[string]struct {
		action string
		given  config
		want   string
	}{
		"no release":             {"sluice_rollback", config{"release": text("checkout"), "reason": text("slow")}, `ERROR (release) Invalid release: "checkout" does not name a release; it must be SERVICE/ENVIRONMENT, for example "checkout/production"`},
		"an unknown release":     {"sluice_rollback", config{"release": text("basket/production"), "reason": text("slow")}, "ERROR (release) Unable to roll back basket/production: What happened: the ledger knows no such release"},
		"an empty reason":        {"sluice_rollback", asked("reason", " "), `ERROR (reason) The reason is empty: The record says why somebody acted, so the reason may not be empty; for example "checkout is slow".`},
		"no reason to abort":     {"sluice_abort", asked("reason", ""), "ERROR (reason) The reason is empty"},
		"abort the unknown":      {"sluice_abort", config{"release": text("basket/production"), "reason": text("slow")}, "ERROR (release) Unable to abort basket/production"},
		"continue the unknown":   {"sluice_continue", config{"release": text("basket/production")}, "ERROR (release) Unable to continue basket/production"},
		"a scope of no kind":     {"sluice_hold", config{"scope": text("checkout/production"), "reason": text("x")}, `ERROR (scope) Invalid scope: The scope "checkout/production" begins with "checkout", which is no kind of scope`},
		"an end that is none":    {"sluice_hold", config{"scope": text("all"), "reason": text("x"), "until": text("tomorrow")}, `ERROR (until) Invalid end of a hold: "tomorrow" is no time and no duration; allowed are a time with its zone, for example 2026-12-01T08:00:00Z, or a duration from now on, for example 2h.`},
		"an end that has passed": {"sluice_hold", config{"scope": text("all"), "reason": text("x"), "until": text("2020-01-01T00:00:00Z")}, `ERROR (until) Unable to hold all: It would end at 2020-01-01 00:00Z, which has passed; give an end that lies ahead, for example 2h, or leave it out.`},
		"no reason to hold":      {"sluice_hold", config{"scope": text("all"), "reason": text("")}, "ERROR (reason) The reason is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			diags, err := w.Action(c.action, c.given)
			if err != nil {
				t.Fatal(err)
			}
			contains(t, lines(diags), c.want)
			if len(diags) != 1 {
				t.Errorf("it is said %d times:\n%s", len(diags), lines(diags))
			}
		})
	}
	past := w.Invoke(t.Context(), "sluice_hold", config{"scope": text("all"), "reason": text("x"), "until": text("2020-01-01T00:00:00Z")})
	contains(t, lines(past.Diagnostics), "ERROR () Unable to hold all", "the end must lie ahead")
}

// TestAnythingOfAnActionMayBeUnknown plans with each attribute unknown: there is no
// error and no panic, and nothing is taken for a pass.
func TestAnythingOfAnActionMayBeUnknown(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	tried := 0
	for name, schema := range w.Schemas.ActionSchemas {
		full := config{}
		for _, a := range schema.Schema.Block.Attributes {
			switch {
			case a.Name == "scope":
				full[a.Name] = acctest.Text("all")
			case a.Name == "release":
				full[a.Name] = acctest.Text("checkout/production")
			case a.Name == "until":
				full[a.Name] = acctest.Text("2h")
			case a.Type.Is(tftypes.Bool):
				full[a.Name] = tftypes.NewValue(tftypes.Bool, true)
			default:
				full[a.Name] = acctest.Text("slow")
			}
		}
		for _, a := range schema.Schema.Block.Attributes {
			given := config{}
			for member, v := range full {
				given[member] = v
			}
			given[a.Name] = tftypes.NewValue(a.Type, tftypes.UnknownValue)
			diags, err := w.Action(name, given)
			// What is known is still checked: there is nothing to go back to.
			if err != nil || acctest.Errors(diags) != nil && (name != "sluice_rollback" || a.Name == "release") {
				t.Errorf("%s.%s: %v: %s", name, a.Name, err, lines(diags))
			}
			tried++
		}
	}
	if tried < 10 {
		t.Errorf("only %d attributes were tried", tried)
	}
}

func TestAnActionCreatesNoLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.db")
	p := acctest.Speak(t, acctest.World(), "sqlite:"+path)
	for name, given := range map[string]config{
		"sluice_rollback": asked("reason", "slow"), "sluice_abort": asked("reason", "slow"), "sluice_continue": asked(),
		"sluice_hold": {"scope": acctest.Text("all"), "reason": acctest.Text("x")},
	} {
		diags, err := p.Action(name, given)
		// A hold may stand behind what creates the ledger; a release is known by then.
		if err != nil || (acctest.Errors(diags) == nil) != (name == "sluice_hold") || len(diags) == 0 {
			t.Errorf("%s at plan: %v, %s", name, err, lines(diags))
		}
		contains(t, lines(p.Invoke(t.Context(), name, given).Diagnostics), "ERROR ()", "the ledger does not exist")
	}
	if found, err := filepath.Glob(path + "*"); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// TestAnActionBehindItsReleaseIsPlanned has a plan that releases first what the actions
// are about, as a trigger in a first apply does: there is not even a ledger.
func TestAnActionBehindItsReleaseIsPlanned(t *testing.T) {
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + filepath.Join(t.TempDir(), "none.db")}
	if warned := planned(t, c, actions.NewContinue(), map[string]string{"release": "checkout/production"}); !warned.HasError() || !strings.Contains(warned[0].Detail(), "release = sluice_release.checkout.id") {
		t.Errorf("of a release that is not: %v", warned)
	}
	c.Plan(key)
	for _, tried := range []struct {
		action action.Action
		config map[string]string
	}{
		{actions.NewContinue(), map[string]string{"release": "checkout/production"}},
		{actions.NewAbort(), map[string]string{"release": "checkout/production", "reason": "slow"}},
		{actions.NewRollback(), map[string]string{"release": "checkout/production", "reason": "slow"}},
		{actions.NewHold(), map[string]string{"scope": "environment/production", "reason": "night"}},
	} {
		if said := planned(t, c, tried.action, tried.config); len(said) > 0 {
			t.Errorf("%T: %v", tried.action, said)
		}
	}
	if other := planned(t, c, actions.NewRollback(), map[string]string{"release": "basket/production", "reason": "slow"}); !other.HasError() {
		t.Error("another release is taken for the one that is planned")
	}
	if other := planned(t, c, actions.NewHold(), map[string]string{"scope": "service/basket", "reason": "night"}); other.HasError() || len(other) != 1 {
		t.Errorf("a hold of what is not planned: %v", other)
	}
}

// planned plans an action and gives what it says.
func planned(t *testing.T, c *client.Client, a action.Action, given map[string]string) diag.Diagnostics {
	t.Helper()
	a.(action.ActionWithConfigure).Configure(t.Context(), action.ConfigureRequest{ProviderData: c}, &action.ConfigureResponse{})
	var schema action.SchemaResponse
	a.Schema(t.Context(), action.SchemaRequest{}, &schema)
	values := map[string]tftypes.Value{}
	for name, text := range given {
		values[name] = acctest.Text(text)
	}
	raw := acctest.Filled(schema.Schema.Type().TerraformType(t.Context()), values)
	var resp action.ModifyPlanResponse
	a.(action.ActionWithModifyPlan).ModifyPlan(t.Context(), action.ModifyPlanRequest{Config: tfsdk.Config{Raw: raw, Schema: schema.Schema}}, &resp)
	return resp.Diagnostics
}
