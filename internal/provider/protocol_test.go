package provider_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// state reads the golden state of a resource: each of its attributes has a value.
func state(t *testing.T, resource string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "state", resource+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// declare makes a ledger with an object of each kind, and gives its URL and its id.
func declare(t *testing.T) (url, id string) {
	t.Helper()
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")}
	l, err := c.Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // Nothing was left unwritten.
	for _, o := range []struct{ kind, name, content string }{
		{"environment", "production", `{"name":"production","tier":"production"}`},
		{"service", "checkout", `{"name":"checkout","team":"payments"}`},
		{"external_dependency", "psp", `{"name":"psp","team":"payments"}`},
		{"notification", "events", `{"name":"events","file":{"path":"/dev/null"}}`},
		{"rollback_policy", "cautious", `{"name":"cautious","max_per_day":2}`},
		{"change_window", "peak", `{"name":"peak","kind":"freeze","time_zone":"UTC","absolute":[{"starts_at":"2026-11-27","ends_at":"2026-11-30"}]}`},
		{"deployment_strategy", "careful", `{"name":"careful","all_at_once":{}}`},
		{"drift_check", "checkout@production", `{"name":"checkout@production","release":{"service":"checkout","environment":"production"},"mode":"fail"}`},
	} {
		put := ledger.Put{Kind: o.kind, Name: o.name, Content: json.RawMessage(o.content), Actor: "tester", At: time.Unix(0, 0)}
		if _, err := ledger.PutObject(t.Context(), l, put); err != nil {
			t.Fatal(err)
		}
	}
	if id, err = l.ID(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.URL, id
}

// TestAStateThatWasWrittenIsStillRead fails when an attribute is renamed, removed
// or gets another type while the schema's version stays: old states would lose it.
// Whoever changes a schema adds an upgrader and a golden for the new version, and
// leaves these files as they are.
func TestAStateThatWasWrittenIsStillRead(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for name, schema := range p.Schemas.ResourceSchemas {
		raw := state(t, name)
		resp, err := p.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{TypeName: name, RawState: &tfprotov6.RawState{JSON: raw}})
		if err == nil {
			err = acctest.Errors(resp.Diagnostics)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want map[string]any
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		got := p.Plain(resp.UpgradedState, p.Type(name))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lost something of its state (-want +got):\n%s", name, diff)
		}
		for _, a := range schema.Block.Attributes {
			// A strategy has one of its kinds, and a release one target or many.
			if _, ok := got[a.Name]; !ok && !slices.Contains([]string{"linear", "all_at_once", "targets", "waves", "targets_serving"}, a.Name) {
				t.Errorf("%s: the golden state has no %s", name, a.Name)
			}
		}
	}
}

// TestAnythingMayBeUnknown makes each part of each resource unknown, one at a
// time, for a create and for an update: there is no error and no panic.
func TestAnythingMayBeUnknown(t *testing.T) {
	t.Parallel()
	url, id := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for name, schema := range p.Schemas.ResourceSchemas {
		t.Run(name, func(t *testing.T) {
			prior, config := configured(t, p, name, schema, id)
			tried := 0
			for _, at := range places(t, config) {
				unknown, err := tftypes.Transform(config, func(here *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
					if here.Equal(at) {
						return tftypes.NewValue(v.Type(), tftypes.UnknownValue), nil
					}
					return v, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				tried++
				for what, before := range map[string]tftypes.Value{"create": tftypes.NewValue(p.Type(name), nil), "update": prior} {
					if err := plan(p, name, before, unknown); err != nil {
						t.Errorf("%s with %s unknown: %v", what, at, err)
					}
				}
			}
			if tried < 3 {
				t.Errorf("only %d places were tried", tried)
			}
		})
	}
}

// configured gives the golden state, as written to the ledger of that id, and the
// configuration that would lead to it.
func configured(t *testing.T, p *acctest.Protocol, name string, schema *tfprotov6.Schema, id string) (prior, config tftypes.Value) {
	t.Helper()
	raw := strings.ReplaceAll(string(state(t, name)), "6f1f2d0c-7b1e-4b52-9a1f-3c1d8f6a9b10", id)
	prior, err := (&tfprotov6.RawState{JSON: []byte(raw)}).Unmarshal(p.Type(name))
	if err != nil {
		t.Fatal(err)
	}
	var computed []string
	for _, a := range schema.Block.Attributes {
		if a.Computed && !a.Optional {
			computed = append(computed, a.Name)
		}
	}
	config, err = tftypes.Transform(prior, func(at *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if steps := at.Steps(); len(steps) == 1 && slices.Contains(computed, string(steps[0].(tftypes.AttributeName))) {
			return tftypes.NewValue(v.Type(), nil), nil
		}
		return v, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return prior, config
}

// places lists every part of a value that has something in it.
func places(t *testing.T, v tftypes.Value) []*tftypes.AttributePath {
	t.Helper()
	var out []*tftypes.AttributePath
	err := tftypes.Walk(v, func(at *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		if len(at.Steps()) > 0 && !v.IsNull() {
			out = append(out, at)
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// plan validates and plans as Terraform does.
func plan(p *acctest.Protocol, name string, prior, config tftypes.Value) error {
	ctx := context.Background()
	checked, err := p.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: p.Value(config)})
	if err == nil {
		err = acctest.Errors(checked.Diagnostics)
	}
	if err != nil {
		return err
	}
	planned, err := p.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: p.Value(prior), Config: p.Value(config), ProposedNewState: p.Value(config),
	})
	if err == nil {
		err = acctest.Errors(planned.Diagnostics)
	}
	return err
}

func TestADeclaredObjectIsImportedByItsIdentity(t *testing.T) {
	url, id := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for resource, identity := range map[string]map[string]string{
		"sluice_environment":         {"name": "production"},
		"sluice_rollback_policy":     {"name": "cautious"},
		"sluice_service":             {"name": "checkout"},
		"sluice_external_dependency": {"name": "psp"},
		"sluice_notification":        {"name": "events"},
		"sluice_change_window":       {"name": "peak"},
		"sluice_deployment_strategy": {"name": "careful"},
		"sluice_drift_check":         {"release": "checkout/production"},
	} {
		got, back, err := p.ImportByIdentity(resource, identity)
		if err != nil {
			t.Errorf("%s: %v", resource, err)
			continue
		}
		for name, want := range identity {
			if got[name] != want || back[name] != want || got["ledger_id"] != id {
				t.Errorf("%s: the state is %v, the identity %v", resource, got, back)
			}
		}
	}
}
