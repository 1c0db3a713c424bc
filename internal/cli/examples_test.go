package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
)

var examplesDir, _ = filepath.Abs("../../examples")

// exampleLines lists the lines of a command's example, which its page shows.
func exampleLines(cmd *cobra.Command) []string { return strings.Split(unindented(cmd.Example), "\n") }

func TestEachExampleParsesAndTogetherTheyUseEachFlag(t *testing.T) {
	w := newWorld(t)
	commands := []*cobra.Command{w.app().root()}
	eachCommand(commands[0], func(cmd *cobra.Command) { commands = append(commands, cmd) })
	for _, cmd := range commands {
		used := map[string]bool{}
		for i, line := range exampleLines(cmd) {
			for _, call := range quotedArgs(t, line) {
				if call[0] != "sluice" {
					continue
				}
				root := w.app().root()
				found, rest, err := root.Find(call[1:])
				if err != nil {
					t.Errorf("%s: %v", line, err)
					continue
				}
				if i == 0 && cmd.HasParent() && !strings.HasPrefix(found.CommandPath(), cmd.CommandPath()) {
					t.Errorf("the first example of %s is of %s: %s", cmd.CommandPath(), found.CommandPath(), line)
				}
				if err := found.ParseFlags(rest); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				if err := found.ValidateArgs(found.Flags().Args()); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				if found.CommandPath() == cmd.CommandPath() {
					found.Flags().Visit(func(f *pflag.Flag) { used[f.Name] = true })
				}
			}
		}
		if !cmd.HasParent() {
			continue
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && !used[f.Name] {
				t.Errorf("%s: no example uses --%s, so none is the full one", cmd.CommandPath(), f.Name)
			}
		})
	}
}

// stages say, by the command that an example calls, in which world it plays. One that
// is not here plays where 1.1.1 serves after 1.0.0.
var stages = map[string]func(w *world){
	"sluice abort":    opened,
	"sluice continue": opened,
	"sluice watch": func(w *world) {
		opened(w)
		w.asleep = func() { w.expect(Done, "continue", "checkout/production") }
	},
	"sluice credentials": func(w *world) { usual(w); w.handed() },
	"sluice explain":     threeRollouts,
	"sluice history":     threeRollouts,
	"sluice quarantine lift": func(w *world) {
		usual(w)
		w.expect(Done, "quarantine", "add", "checkout/production", bad.Reference, "--reason", "x")
	},
	"sluice notification skip":    func(w *world) { stuck(w) },
	"sluice notification deliver": func(w *world) { stuck(w).answers(204) },
	"sluice hold lift":            func(w *world) { usual(w); w.expect(Done, "hold", "environment/production", "--reason", "moving") },
	"sluice override":             frozen,
	"sluice override withdraw":    func(w *world) { frozen(w); w.expect(Done, overridden()...) },
	"sluice verify":               func(w *world) { usual(w); w.expect(Done, "verify", "--checkpoint", "anchor.json") },
	"sluice releases":             neighbours,
	"sluice ledger scope":         scoped,
	"sluice rollback": func(w *world) {
		usual(w)
		w.expect(Done, "rollback", "checkout/production", "--write-spec", "checkout.json")
	},
	"sluice judge":                judged,
	"sluice judge backtest":       judged,
	"sluice lab":                  func(w *world) { w.folder(examplesDir) },
	"sluice gates":                func(w *world) { usual(w); plan(w.t) },
	"sluice calendar":             frozen,
	"sluice resume":               func(w *world) { w.shipped(first); w.waits(w.t) },
	"sluice timeline":             staged,
	"sluice window":               measured,
	"sluice window advise":        measured,
	"terraform show -json tfplan": usual,
}

// exits are the examples that do not end with 0, and why.
var exits = map[string]int{
	// Nobody drives the rollout, and so nobody takes the request up.
	`sluice abort checkout/production --reason "no access from here" --request`: Failed,
}

func usual(w *world) { w.shipped(first); w.shipped(good) }

// scoped is a ledger that says whose it is.
func scoped(w *world) { usual(w); w.expect(Done, "ledger", "scope", "acme/retail") }

// neighbours are the ledgers of other units beside one's own.
func neighbours(w *world) {
	usual(w)
	for _, unit := range []string{"retail", "toys"} {
		w.env["SLUICE_LEDGER"] = "sqlite:" + unit + ".db"
		w.expect(Done, "ledger", "rebind", "--reason", "new")
		w.expect(Done, "ledger", "scope", "acme/"+unit)
	}
	delete(w.env, "SLUICE_LEDGER")
}

func opened(w *world)        { w.shipped(first); w.broken(good, 2) }
func threeRollouts(w *world) { usual(w); w.shipped(third) }

func frozen(w *world) {
	usual(w)
	window := closing()
	window.Name = "black-friday"
	w.declare(window)
}

func overridden() []string {
	return []string{"override", "checkout/production", "--digest", good.Key(), "--window", "black-friday", "--reason", "x", "--expires", "2h"}
}

// staged is a world in which the service has an environment before production, too.
func staged(w *world) {
	usual(w)
	w.careful()
	w.environment = "staging"
	w.shipped(good)
}

// measured is a world with the traffic of two weeks, and a strategy in the ledger.
func measured(w *world) {
	usual(w)
	w.careful()
	if err := os.WriteFile("traffic.csv", []byte(traffic()), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// careful puts the strategy of the world's releases into its ledger.
func (w *world) careful() {
	w.t.Helper()
	content, err := json.Marshal(spec(good).Strategy)
	if err != nil {
		w.t.Fatal(err)
	}
	w.declareObject(kindStrategy, "careful", string(content))
}

// judged is a world with counts to judge, and a strategy in the ledger.
func judged(w *world) {
	usual(w)
	var traffic strings.Builder
	for i := range 400 {
		fmt.Fprintf(&traffic, `{"t": %d, "metric": "errors", "bad": %d, "total": 1000}`+"\n", 60*(i+1), 1+i%3)
	}
	for name, content := range map[string]string{"counts.jsonl": counts(6, 0), "traffic.jsonl": traffic.String()} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.careful()
}

// TestEachExampleRuns runs each line that the pages of the commands show, each in a
// world of its own. What stands for something of the reader's, such as a digest, is
// put in.
func TestEachExampleRuns(t *testing.T) {
	root := (&world{t: t}).app().root()
	var lines []string
	add := func(cmd *cobra.Command) {
		for _, line := range exampleLines(cmd) {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	add(root)
	eachCommand(root, add)
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			w := newWorld(t)
			w.env["SLUICE_LEDGER"] = ""
			call := quotedArgs(t, line)[0]
			path := strings.Join(call, " ")
			if call[0] == "sluice" {
				found, _, err := root.Find(call[1:])
				if err != nil {
					t.Fatal(err)
				}
				path = found.CommandPath()
			}
			stage := stages[path]
			if stage == nil {
				stage = usual
			}
			if path == "sluice contract test" {
				line = contractStage(t, line)
			} else {
				stage(w)
			}
			if path == "sluice ledger rebind" {
				line = strings.ReplaceAll(line, "6f1c2d3e-0000-4000-8000-000000000000", "6f1c2d3e-0000-4000-8000-000000000001")
			}
			if path == "sluice notification skip" {
				line = strings.ReplaceAll(line, "3f0c9a52-5d7e-5c1b-9b1e-2a4d6c8e0f11", w.nextEvent())
			}
			line := strings.NewReplacer("sha256:9f2c...", good.Key(), " 1.2.0 ", " "+bad.Reference+" ").Replace(line)
			if r := w.shell(t.Context(), line); r.code != exits[line] {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errors)
			}
		})
	}
}

// contractStage starts a server that holds the contract, and names it and two
// artifacts in the line. Its switch is armed for less than the default: the checks wait
// for it several times.
func contractStage(t *testing.T, line string) string {
	dir := t.TempDir()
	a := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.0.0"})
	b := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.1.0"})
	where := startLab(t, "--artifacts", dir, "--rate", "20")
	t.Setenv("CONTRACT_TOKEN", "none is asked for")
	return strings.NewReplacer("http://127.0.0.1:7070", where.Contract, "--a REFERENCE", "--a "+a.Reference, "--b REFERENCE", "--b "+b.Reference).Replace(line) + " --revert-after 500ms"
}

func TestThePagesAreThoseOfTheCommands(t *testing.T) {
	dir := "../../docs/commands"
	want := pages()
	for name, page := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%v: run make generate", err)
		}
		if diff := cmp.Diff(page, string(got)); diff != "" {
			t.Errorf("%s is not what make generate writes (-want +got):\n%s", name, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("%v; docs/commands has %d files, want %d: run make generate", err, len(entries), len(want))
	}
}
