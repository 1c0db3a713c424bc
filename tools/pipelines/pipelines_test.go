// Package pipelines holds the workflows that the project shows and those that it runs
// to actionlint, which knows GitHub's schema, contexts and expressions.
package pipelines

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

const root = "../.."

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

func TestWorkflowsAreWhatGitHubTakes(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(root, "templates/guides/ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	workflows := map[string][]byte{}
	for _, shown := range yamlBlock.FindAllSubmatch(guide, -1) {
		if bytes.Contains(shown[1], []byte("runs-on:")) {
			workflows[fmt.Sprintf("templates/guides/ci.md, workflow %d", len(workflows)+1)] = shown[1]
		}
	}
	if len(workflows) != 2 {
		t.Fatalf("the guide shows %d workflows and not 2", len(workflows))
	}
	own, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(own) == 0 {
		t.Fatalf("%v, %d workflows", err, len(own))
	}
	for _, path := range own {
		if workflows[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	// Shellcheck and pyflakes are left out: a machine need not have them.
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range workflows {
		found, err := linter.Lint("workflow.yml", content, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range found {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

func TestABadWorkflowIsFound(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := linter.Lint("workflow.yml", []byte("on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.evnt.number }}\n"), nil)
	if err != nil || len(found) != 1 {
		t.Errorf("%v, %v", err, found)
	}
}

// TestTheWeeklyProof: what is too long for each change is done by a schedule, and
// CDEvents' own schemas are those of the version that the events say they are in.
func TestTheWeeklyProof(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	version := regexp.MustCompile(`const SpecVersion = "(.*)"`).FindStringSubmatch(read("internal/notify/event.go"))
	if version == nil {
		t.Fatal("the events are of no version")
	}
	workflow, targets := read(".github/workflows/proof.yml"), read("GNUmakefile")
	for _, part := range []string{"schedule:", "- run: make proof\n", "- run: make bench BENCH_FLAGS=--quick\n", "- run: make test-postgres\n", "- run: make test-s3\n", "- run: make cdevents SPEC=bin/cdevents\n", "path: bin/cdevents\n", "ref: v" + version[1] + "\n"} {
		if !strings.Contains(workflow, part) {
			t.Errorf("the workflow lacks %q", part)
		}
	}
	for _, part := range []string{"\nproof:", "-full $(PROOF_APPENDS)", "/bench $(BENCH_FLAGS)\n", "-cdevents $(abspath $(SPEC))\n", "-test.run TestADriverThatDiesAtEachPoint -full\n", "-every-cut\n", "SERVERS ?= 13 18\n", "-run '/s3$$'\n", "tools/postgres/test.sh $(SERVERS)\n"} {
		if !strings.Contains(targets, part) {
			t.Errorf("the makefile lacks %q", part)
		}
	}
}
