package release_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// fleet is a stage with several labs, which share one folder of artifacts.
type fleet struct {
	*stage
	names []string
	labs  map[string]*labtest.Lab
}

func newFleet(t *testing.T, names ...string) *fleet {
	t.Helper()
	t.Parallel()
	first := labtest.StartOnDemand(t, lab.Config{Traffic: 200})
	f := &fleet{stage: newStageOn(t, first), names: names, labs: map[string]*labtest.Lab{}}
	for _, name := range names {
		f.labs[name] = first
		if name != names[0] {
			f.labs[name] = labtest.StartOnDemand(t, lab.Config{Traffic: 200, Artifacts: first.Artifacts})
		}
	}
	return f
}

// over is a configuration that releases p to all labs.
func (f *fleet) over(p artifact.Payload, waves string) string {
	var list strings.Builder
	for _, name := range f.names {
		l := f.labs[name]
		fmt.Fprintf(&list, "    { name = %q, region = %q, target = { contract = { url = %q } }, signals = { http = { openmetrics = { url = %q, preset = \"lab\" } } } },\n", name, name, l.Contract, l.Metrics)
	}
	config := f.config(p)
	at := strings.Index(config, "  target      =")
	end := at + strings.Index(config[at:], "\n")
	config = config[:at] + "  targets = [\n" + list.String() + "  ]\n" + waves + config[end:]
	at = strings.Index(config, "  signals     =")
	end = at + strings.Index(config[at:], "\n")
	config = config[:at] + config[end:]
	at = strings.Index(config, "output")
	return config[:at]
}

func (f *fleet) wantAt(p artifact.Payload, names ...string) {
	f.t.Helper()
	for _, name := range names {
		arms := f.labs[name].Status().Observation
		if arms.Baseline == nil || !arms.Baseline.Payload.Same(p) || arms.Baseline.Weight != 100 {
			f.t.Errorf("%s serves %+v, want only %s", name, arms, p.Label())
		}
	}
}

const waves = `  waves = { sizes = [1, 2], max_parallel = 2, soak = "300ms" }` + "\n"

// The whole story on three labs: a first release, another one, which is interrupted
// and gone on with, a bad one that goes back everywhere, and what is taken out.
func TestAccWaves_TheStory(t *testing.T) {
	f := newFleet(t, "eu", "us", "ap")
	f.Write("main.tf", f.over(f.v1, waves))
	f.MustApply()
	f.wantAt(f.v1, f.names...)

	f.Write("main.tf", f.over(f.v2, waves))
	plan := f.Plan()
	if text := plan.Text("warning"); !strings.Contains(text, "checkout 1.1.0 can start in production now") {
		t.Errorf("the plan says:\n%s", text)
	}
	f.MustApply()
	f.wantAt(f.v2, f.names...)
	state := f.wantState("1.1.0", "steady")
	want := []any{"1.1.0 to wave 1 of 2: eu, soak 300ms", "1.1.0 to wave 2 of 2: us, ap", "each target: 1.1.0 at 20 %, at least 300ms", "each target: 1.1.0 at 100 %, bake 200ms"}
	if diff := cmp.Diff(want, state["steps"]); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if at, _ := state["targets_serving"].(map[string]any); len(at) != 3 || at["ap"].(map[string]any)["version"] != "1.1.0" {
		t.Errorf("targets_serving: %v", at)
	}

	f.Write("main.tf", f.over(f.v3, waves))
	failed := f.Apply()
	if failed.Exit == 0 {
		t.Fatal("a bad artifact was released")
	}
	f.Wants(failed, "error", "Unable to release checkout 1.2.0 to production: rolled back", "1 target failed and failure_budget is 0: eu:",
		"What serves now 1.1.0 at eu, us, ap", "sluice quarantine lift checkout/production 1.2.0 --reason")
	f.wantAt(f.v2, f.names...)
	f.wantState("1.1.0", "steady")
	if h := f.history(); len(h.Quarantine) != 1 || len(h.Last().Waves.Failed()) != 1 {
		t.Errorf("quarantine %v, failed %v", h.Quarantine, h.Last().Waves.Failed())
	}

	// A person takes the whole back, with nobody else driving.
	if out := f.sluice("rollback", key.String(), "--reason", "errors in the shop"); !strings.Contains(out, "checkout/production is back: 1.0.0 serves") {
		t.Errorf("the rollback says: %s", out)
	}
	f.wantAt(f.v1, f.names...)

	f.Write("main.tf", f.over(f.v1, ""))
	f.MustApply()
	if destroyed := f.Run("destroy", "-json", "-auto-approve"); destroyed.Exit != 0 {
		t.Errorf("destroying: %s", destroyed.Text("error"))
	}
	f.wantAt(f.v1, f.names...)
	h, err := f.engine().Load(t.Context(), key.Part("eu"))
	if err != nil || h.Owner != nil {
		t.Errorf("the part of eu: %v, owner %v", err, h.Owner)
	}
}

// Within the budget the others are released to, and the next apply tries what failed.
func TestAccWaves_WithinTheBudget(t *testing.T) {
	f := newFleet(t, "eu", "us", "ap")
	const budget = `  waves = { sizes = [3], failure_budget = 1 }` + "\n"
	f.Write("main.tf", f.over(f.v1, budget))
	f.MustApply()
	f.labs["us"].Stop()
	f.Write("main.tf", f.over(f.v2, budget))
	failed := f.Apply()
	if failed.Exit == 0 {
		t.Fatal("two of three is not all")
	}
	f.wantAt(f.v2, "eu", "ap")
	f.wantState("1.0.0", "mixed")
	text := failed.Text("error")
	for _, want := range []string{"Unable to release checkout 1.1.0 to production: released to 2 of 3 targets", "1.1.0 at eu, ap; 1.0.0 at us"} {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not say %q:\n%s", want, text)
		}
	}
	f.labs["us"] = labtest.StartOnDemand(t, lab.Config{Traffic: 200, Artifacts: f.labs["eu"].Artifacts})
	f.Write("main.tf", f.over(f.v2, budget))
	f.MustApply()
	f.wantAt(f.v2, f.names...)
	if last := f.history().Last(); last.State != release.Succeeded || len(last.Waves.Targets) != 1 {
		t.Errorf("the second rollout is %s over %d targets", last.State, len(last.Waves.Targets))
	}
}

// A new target is released to, an import finds everything, and one state sees the
// targets that another one has.
func TestAccWaves_GrowAndImport(t *testing.T) {
	f := newFleet(t, "eu", "us")
	f.Write("main.tf", f.over(f.v1, ""))
	f.MustApply()
	third := labtest.StartOnDemand(t, lab.Config{Traffic: 200, Artifacts: f.labs["eu"].Artifacts})
	f.names, f.labs["ap"] = append(f.names, "ap"), third
	third.Artifact(service.Descriptor{Version: "0.9.0"})
	f.Write("main.tf", f.over(f.v1, waves))
	f.MustApply()
	f.wantAt(f.v1, f.names...)
	for _, args := range [][]string{{"state", "rm", address}, {"import", "-input=false", address, key.String()}} {
		if done := f.Run(args...); done.Exit != 0 {
			t.Fatalf("%v: %s", args, done.Output)
		}
	}
	f.MustBeSettled()
}

// TestAccWaves_Example releases by the example, twice. Its first release may only start:
// nothing serves anywhere then, and its outputs say so.
func TestAccWaves_Example(t *testing.T) {
	f := newFleet(t, "eu-1", "us-1", "us-2")
	content, err := os.ReadFile("../../../examples/waves/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	f.Write("versions.tf", "") // The example has its own.
	whole := strings.Replace(string(content), `provider "sluice" {}`, fmt.Sprintf("provider \"sluice\" {\n ledger = \"sqlite:%s\"\n}", f.ledger), 1)
	started := strings.Replace(whole, "  artifact    = var.artifact\n", "  artifact    = var.artifact\n"+waits("started"), 1)
	for i, p := range []artifact.Payload{f.v1, f.v2} {
		cells := ""
		for _, name := range f.names {
			cells += fmt.Sprintf("  %s = { region = %q, url = %q, metrics = %q }\n", name, name[:2], f.labs[name].Contract, f.labs[name].Metrics)
		}
		f.Write("terraform.tfvars", fmt.Sprintf("cells = {\n%s}\nstep = \"500ms\"\nlook = \"100ms\"\nsoak = \"300ms\"\nartifact = { version = %q, reference = %q }\n", cells, p.Version, p.Reference))
		if i == 0 {
			f.Write("main.tf", started)
			f.mustGoOn()
		}
		f.Write("main.tf", whole)
		f.MustApply()
		f.wantAt(p, f.names...)
	}
}
