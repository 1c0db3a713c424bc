package guides

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// said is what a block must say, by a line of it.
type said struct {
	line  string
	parts []string
}

// story is a page whose shell blocks are typed in their order: the lab and the watch in
// terminals of their own, the rest in one.
type story struct {
	text string
	// dir is where the first terminal stands.
	dir   string
	env   []string
	wants []said
}

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// home is the folder of the project, with the binary in it.
func home(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "bin/sluice")); err != nil {
		t.Fatalf("the guide needs the binary: run make build: %v", err)
	}
	return dir
}

// play types the story with a lab at an address of its own.
func (s story) play(t *testing.T) {
	tools := t.TempDir()
	if err := os.Symlink(os.Getenv("TF_ACC_TERRAFORM_PATH"), filepath.Join(tools, "terraform")); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	text := strings.NewReplacer("http://127.0.0.1:7070", "http://"+address, "--rate 400", "--rate 400 --listen "+address+" --traffic-listen 127.0.0.1:0").Replace(s.text)
	ctx, stop := context.WithCancel(t.Context())
	env := append([]string{
		"PATH=" + tools + ":" + filepath.Join(home(t), "bin") + ":" + os.Getenv("PATH"), "CI=", "SLUICE_LEDGER=",
		"TF_IN_AUTOMATION=1", "TF_VAR_lab_url=http://" + address, "CHECKPOINT_DISABLE=1", "NO_COLOR=1", "TF_CLI_ARGS=-no-color",
	}, s.env...)
	first := newTerminal(t, s.dir, env...)
	var others sync.WaitGroup
	defer func() { stop(); others.Wait() }()
	beside := func(ctx context.Context, dir, command string, said func(string)) {
		other := newTerminal(t, dir, env...)
		others.Go(func() { said(other.run(ctx, command)) })
	}
	var watched chan string
	seen := 0
	for _, typed := range blocks(text, "shell") {
		switch {
		case strings.Contains(typed, "sluice lab "):
			_, lab, _ := strings.Cut("\n"+typed, "\nmake build\n")
			if lab == "" {
				lab = typed
			}
			beside(ctx, first.runner.Dir, lab, func(string) {})
			acctest.Eventually(t, "the lab listens", func() bool {
				c, err := net.DialTimeout("tcp", address, time.Second)
				return err == nil && c.Close() == nil
			})
		case strings.Contains(typed, "sluice watch "):
			out := make(chan string, 1)
			watched = out
			beside(t.Context(), s.dirOf(first, typed), typed, func(text string) { out <- text })
		default:
			out := first.run(ctx, typed)
			if seen < len(s.wants) && strings.Contains(typed, s.wants[seen].line) {
				for _, part := range s.wants[seen].parts {
					if !strings.Contains(out, part) {
						t.Errorf("after\n%sit does not say %q:\n%s", typed, part, out)
					}
				}
				seen++
			}
		}
	}
	if seen < len(s.wants) {
		t.Errorf("no block has the line %q", s.wants[seen].line)
	}
	if watched == nil {
		return
	}
	if out := <-watched; !strings.Contains(out, "succeeded") {
		t.Errorf("the watch says\n%s", out)
	}
}

// dirOf is where a further terminal stands: where the reader began when the block goes
// somewhere itself, and otherwise where the first terminal is.
func (s story) dirOf(first *terminal, typed string) string {
	if strings.HasPrefix(typed, "cd ") {
		return s.dir
	}
	return first.runner.Dir
}

func TestAccTheFirstReleaseGoesAsTheGuideSays(t *testing.T) {
	text, _, _ := strings.Cut(guide(t, "first-release"), besideOthers)
	story{
		text: strings.ReplaceAll(text, "$HOME/terraform-provider-sluice", home(t)),
		dir:  t.TempDir(),
		wants: []said{
			{"sluice --version", []string{"sluice "}},
			{"terraform apply -auto-approve\n", []string{`serving = "1.0.0 at 100 %"`}},
			{"terraform plan -var checkout_version=1.1.0", []string{"1.1.0 at 10 %, at least 5s", "checkout 1.1.0 can start in production now", "quarantine  pass"}},
			{"terraform apply -auto-approve -var checkout_version=1.1.0\n", []string{`serving = "1.1.0 at 100 %"`}},
			{"terraform apply -auto-approve -var checkout_version=1.2.0 ", []string{"rolled back", "step 1 of 3", "1.1.0 at 100 %"}},
			{"sluice explain checkout/production/3", []string{"1.2.0 is quarantined since", "evidence for harm"}},
			{"sluice gates checkout/production ", []string{"quarantine  fail", "blocked"}},
			{"sluice rollback checkout/production --dry-run", []string{"from 1.1.0 to 1.0.0", "1.0.0 serves"}},
			{"terraform apply -auto-approve\nterraform apply", []string{"0 added, 0 changed, 0 destroyed", `serving = "1.0.0 at 100 %"`, "1.1.0 to production: blocked"}},
			{"sluice verify", []string{"whole"}},
		},
	}.play(t)
}

// TestAccTheREADMELeadsANewcomerToTheGoal types what the README says to do by hand, in a
// copy of the example. What is built there already is not built again.
func TestAccTheREADMELeadsANewcomerToTheGoal(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples/quickstart/artifacts"), os.DirFS(filepath.Join(root, "examples/quickstart/artifacts"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.tf", "variables.tf", "outputs.tf", "versions.tf"} {
		if err := os.WriteFile(filepath.Join(dir, "examples/quickstart", name), []byte(read(t, "examples/quickstart/"+name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(home(t), "bin"), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(read(t, "README.md"), "## By hand\n")
	text, _, _ = strings.Cut(text, "\n## ")
	story{
		text: strings.ReplaceAll(text, "/tmp/sluice.tfrc", filepath.Join(dir, "sluice.tfrc")), dir: dir,
		// A person answers yes, and waits for longer steps.
		env: []string{"TF_CLI_ARGS_apply=-auto-approve", "TF_VAR_at_least=3s", "TF_VAR_bake=3s"},
		wants: []said{
			{"terraform apply            #", []string{`version" = "1.0.0"`}},
			{"terraform plan -var checkout_version=1.1.0", []string{"1.1.0 at 5 %", "checkout 1.1.0 can start in production now"}},
			{"terraform apply -var checkout_version=1.1.0", []string{`version" = "1.1.0"`}},
			{"terraform apply -var checkout_version=1.2.0", []string{"rolled back", "1.2.0 is quarantined since"}},
		},
	}.play(t)
}
