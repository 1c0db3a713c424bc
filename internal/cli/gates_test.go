package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestGatesOfARelease(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	r := w.expect(Done, "gates", "checkout/production")
	golden(t, "gates.txt", r.out)

	w.expect(Done, "hold", "environment/production", "--reason", "moving the database", "--until", "2h")
	r = w.expect(Blocked, "gates", "checkout/production")
	golden(t, "gates-held.txt", r.out)
	contains(t, r.errors, "blocked now: checkout/production 1.0.0")
	golden(t, "gates-held.json", w.expect(Blocked, "gates", "checkout/production", "--json").out)

	w.away = true
	contains(t, w.expect(Blocked, "gates", "checkout/production").errors, "Warning: checkout/production: the target could not be read now", "connection refused")
}

func TestGatesOfAQuarantinedArtifact(t *testing.T) {
	w := toldWorld(t)
	r := w.expect(Blocked, "gates", "checkout/production")
	contains(t, r.out, "checkout/production 1.2.2 is blocked now; nobody can tell until when", "quarantine  fail",
		"release a fixed artifact; or, if you know better: sluice quarantine lift")
	w.expect(Done, "quarantine", "lift", "checkout", "production", "--reason", "it was the database")
	w.expect(Done, "gates", "checkout/production")
}

// change is one entry of a plan in JSON.
func change(address string, actions []string, before, after any, unknown any) map[string]any {
	return map[string]any{
		"address": address, "mode": "managed", "type": strings.Split(address, ".")[0], "name": strings.Split(address, ".")[1],
		"provider_name": "registry.terraform.io/sluice/sluice",
		"change":        map[string]any{"actions": actions, "before": before, "after": after, "after_unknown": unknown},
	}
}

// planned is a sluice_release as a plan shows it.
func planned(service string, p artifact.Payload) map[string]any {
	environment, _ := json.Marshal(spec(p).Environment)
	strategy, _ := json.Marshal(spec(p).Strategy)
	return map[string]any{
		"service": service, "configuration_digest": nil, "mode": "enforce",
		"environment": map[string]any{"name": key.Environment, "content": string(environment)},
		"artifact":    map[string]any{"version": p.Version, "reference": p.Reference},
		"strategy":    map[string]any{"name": "careful", "content": string(strategy)},
		"target":      map[string]any{"sim": map[string]any{}, "contract": nil},
	}
}

// plan writes a plan and returns the file's name.
func plan(t *testing.T, changes ...map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"format_version": "1.2", "terraform_version": "1.11.0", "resource_changes": changes})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("plan.json", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return "plan.json"
}

func TestGatesOfAPlan(t *testing.T) {
	w := toldWorld(t)
	update, create := []string{"update"}, []string{"create"}
	old, none := planned("checkout", good), map[string]any{}
	file := plan(t,
		change("sluice_release.same", update, old, old, none),
		change("sluice_release.untouched", []string{"no-op"}, old, old, none),
		change("sluice_release.gone", []string{"delete"}, old, nil, none),
		change("sluice_environment.production", create, nil, map[string]any{"name": "production"}, none),
		change("sluice_release.search", create, nil, planned("search", first), none),
		change("sluice_release.checkout", update, old, planned("checkout", bad), none),
	)
	r := w.expect(Blocked, "gates", "--plan", file)
	golden(t, "plan.txt", r.out)
	contains(t, r.errors, "blocked now: checkout/production 1.2.2")
	golden(t, "plan.md", w.expect(Blocked, "gates", "--plan", file, "--markdown").out)
	golden(t, "plan.json", w.expect(Blocked, "gates", "--plan", file, "--json").out)

	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if piped := w.runWith(string(raw), "gates", "--plan", "-"); piped.code != Blocked || cmp.Diff(r.out, piped.out) != "" {
		t.Error("a plan from standard input is another one:", piped)
	}
}

// A window of a team holds for a release of the plan by its service's definition, and
// by the name alone once the ledger knows it.
func TestGatesOfAPlanKnowTheServicesTeam(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	l := w.open()
	put := func(kind, name, content string) {
		t.Helper()
		if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: kind, Name: name, Content: json.RawMessage(content), Actor: "ci@acme", At: w.clock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	put(window.ObjectKind, "audit", `{"name":"audit","kind":"freeze","time_zone":"UTC","absolute":[{"starts_at":"2000-01-01","ends_at":"2199-01-01"}],"scope":{"teams":["payments"]}}`)
	release := planned("checkout", good)
	file := plan(t, change("sluice_release.checkout", []string{"update"}, planned("checkout", first), release, map[string]any{}))
	w.expect(Done, "gates", "--plan", file)
	release["service_definition"] = map[string]any{"name": "checkout", "content": `{"name":"checkout","team":"payments"}`}
	file = plan(t, change("sluice_release.checkout", []string{"update"}, planned("checkout", first), release, map[string]any{}))
	contains(t, w.expect(Blocked, "gates", "--plan", file).out, `freeze "audit"`)
	delete(release, "service_definition")
	put("service", "checkout", `{"name":"checkout","team":"payments"}`)
	file = plan(t, change("sluice_release.checkout", []string{"update"}, planned("checkout", first), release, map[string]any{}))
	contains(t, w.expect(Blocked, "gates", "--plan", file).out, `freeze "audit"`)
	contains(t, w.expect(Done, "calendar", key.String(), "--ics").out, "SUMMARY", "audit")
}

func TestGatesOfAPlanThatOpensNothing(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	file := plan(t, change("sluice_release.checkout", []string{"no-op"}, planned("checkout", first), planned("checkout", first), nil))
	for _, flag := range []string{"--json", "--markdown", "--plan=" + file} {
		want := "The plan opens no rollout.\n"
		if flag == "--json" {
			want = "[]\n"
		}
		if r := w.expect(Done, "gates", "--plan", file, flag); r.out != want {
			t.Errorf("%s: %q", flag, r.out)
		}
	}
}

func TestGatesOfAPlanThatGoesOn(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	release := planned("checkout", good)
	file := plan(t, change("sluice_release.checkout", []string{"update"}, release, release, map[string]any{"serving": true}))
	r := w.expect(Done, "gates", "--plan", file)
	contains(t, r.out, "checkout/production 1.1.1 can start now")
	contains(t, r.errors, "rollout 2 (1.1.1, stepping at 10 %) is open; the next apply goes on with it")
	// Its own canary is in nobody's way.
	if strings.Contains(r.out, "not ready") {
		t.Error(r.out)
	}
	other := plan(t, change("sluice_release.checkout", []string{"update"}, release, planned("checkout", first), map[string]any{"serving": true}))
	contains(t, w.expect(Done, "gates", "--plan", other).errors, "rollout 2 (1.1.1, stepping at 10 %) is open; it is aborted and goes back first")
}

func TestGatesOfAPlanThatKnowsLittle(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	unknown := planned("checkout", good)
	unknown["artifact"] = map[string]any{"version": "1.1.1"}
	unknown["strategy"] = map[string]any{"name": "not-there"}
	file := plan(t,
		change("sluice_release.checkout", []string{"update"}, planned("checkout", first), unknown, map[string]any{"artifact": map[string]any{"reference": true}}),
		change("sluice_change_window.freeze", []string{"create"}, nil, map[string]any{"name": "freeze"}, nil),
	)
	r := w.expect(Blocked, "gates", "--plan", file)
	contains(t, r.out, "unknown", "has no digest")
	contains(t, r.errors, `the deployment strategy "not-there" is not known before the apply`, "the plan also changes sluice_change_window.freeze")
}

// Evidence holds for a plan as it does at apply; what is not known yet does not pass.
func TestGatesOfAPlanWithEvidence(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	next := planned("checkout", good)
	ask := func(code int, evidence, unknown any) result {
		next["evidence"] = evidence
		return w.expect(code, "gates", "--plan", plan(t, change("sluice_release.checkout", []string{"update"}, planned("checkout", first), next, map[string]any{"evidence": unknown})))
	}
	scan := map[string]any{"kind": "scan", "digest": good.Digest(), "status": "pass", "reason": "the scan found nothing"}
	contains(t, ask(0, []any{scan}, false).out, "evidence", "the scan found nothing")
	scan["status"] = "fail"
	contains(t, ask(Blocked, []any{scan}, false).out, "scan fail: the scan found nothing")
	contains(t, ask(Blocked, nil, true).out, "it is known only at apply")
}

// What a rollback policy requires holds for a plan as it does at apply.
func TestGatesOfAPlanRehearseTheWayBack(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	release := planned("checkout", good)
	release["rollback_policy"] = map[string]any{"name": "cautious", "content": `{"name":"cautious","require_rehearsal":true}`}
	file := func() string {
		return plan(t, change("sluice_release.checkout", []string{"update"}, planned("checkout", first), release, map[string]any{}))
	}
	w.expect(Done, "gates", "--plan", file())
	release["irreversible"] = true
	contains(t, w.expect(Blocked, "gates", "--plan", file()).out, "rehearsal", "reversible fail: the release is declared irreversible")
}

// A release over many targets is asked about as such, and one by batches is not
// taken for one at once.
func TestGatesOfAPlanOverTargets(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	release := planned("search", good)
	release["target"] = nil
	release["targets"] = []map[string]any{
		{"name": "eu-1", "region": "eu", "target": map[string]any{"sim": map[string]any{}, "contract": nil}, "signals": nil},
		{"name": "us-1", "region": nil, "target": map[string]any{"sim": map[string]any{"n": 2}, "contract": nil}, "signals": nil},
	}
	release["waves"] = map[string]any{"order": nil, "sizes": []int{1}, "soak": "5m", "max_parallel": nil, "failure_budget": nil}
	release["strategy"] = map[string]any{"name": "batches", "content": `{"name":"batches","rolling":{"batch":0.5,"at_least":"1m"},"revert_after":"1m"}`}
	file := plan(t, change("sluice_release.search", []string{"create"}, nil, release, map[string]any{}))
	r := w.expect(Done, "gates", "--plan", file)
	contains(t, r.out, "search/production 1.1.1 can start now", "1.1.1 to wave 2 of 2: us-1", "each target: 1.1.1 on 50 % of the instances")
	if strings.Contains(r.errors, "could not be asked") {
		t.Error(r.errors)
	}
	// While these are not known, nobody takes the release for one over no runtime.
	release["targets"], release["waves"] = nil, nil
	file = plan(t, change("sluice_release.search", []string{"create"}, nil, release, map[string]any{"targets": true}))
	contains(t, w.expect(Done, "gates", "--plan", file).errors, "the target could not be asked")
}
