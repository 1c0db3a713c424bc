package guides

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
)

// pipelines are the whole files of the guide: GitHub's and GitLab's, and the scheduled
// one that goes on with what an apply has left.
func pipelines(t *testing.T) (github, gitlab, scheduled map[string]any) {
	t.Helper()
	files := blocks(guide(t, "ci"), "yaml")
	if len(files) != 3 {
		t.Fatalf("the guide has %d YAML files, want GitHub's, GitLab's and the scheduled one", len(files))
	}
	for i, into := range []*map[string]any{&github, &gitlab, &scheduled} {
		if err := yaml.Unmarshal([]byte(files[i]), into); err != nil {
			t.Fatalf("file %d: %v", i+1, err)
		}
	}
	return github, gitlab, scheduled
}

// texts lists the strings below the keys, wherever they stand.
func texts(node any, keys ...string) []string {
	var out []string
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			if slices.Contains(keys, key) {
				out = append(out, leaves(value)...)
			} else {
				out = append(out, texts(value, keys...)...)
			}
		}
	case []any:
		for _, value := range n {
			out = append(out, texts(value, keys...)...)
		}
	}
	return out
}

func leaves(node any) []string {
	switch n := node.(type) {
	case string:
		return []string{n}
	case []any:
		var out []string
		for _, value := range n {
			out = append(out, leaves(value)...)
		}
		return out
	}
	return nil
}

// calls lists the commands of a script, with their arguments.
func calls(t *testing.T, script string) [][]string {
	t.Helper()
	parsed, err := syntax.NewParser().Parse(strings.NewReader(script), "script")
	if err != nil {
		t.Fatalf("no shell takes this: %v\n%s", err, script)
	}
	var out [][]string
	config := &expand.Config{Env: expand.FuncEnviron(func(name string) string { return "$" + name })}
	syntax.Walk(parsed, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			args, err := expand.Fields(config, call.Args...)
			if err != nil {
				t.Fatalf("%v in %s", err, script)
			}
			out = append(out, args)
		}
		return true
	})
	return out
}

// sluiceTakes fails unless the command and its flags are there; it runs nothing.
func sluiceTakes(t *testing.T, args []string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Main(t.Context(), "test", append(slices.Clone(args), "--help"), strings.NewReader(""), &stdout, &stderr); code != cli.Done {
		t.Errorf("sluice %s: %s", strings.Join(args, " "), stderr.String())
	}
}

func TestThePipelinesOfTheGuide(t *testing.T) {
	github, gitlab, scheduled := pipelines(t)
	full := []string{"terraform init", "terraform plan", "terraform show", "terraform apply", "sluice gates", "sluice drift", "sluice wait"}
	for name, is := range map[string]struct{ scripts, wants []string }{
		"GitHub": {texts(github, "run"), full}, "GitLab": {texts(gitlab, "script", "before_script", "after_script"), full},
		"the schedule": {texts(scheduled, "run"), []string{"terraform init", "sluice continue"}},
	} {
		var commands []string
		for _, script := range is.scripts {
			for _, call := range calls(t, script) {
				switch {
				case filepath.Base(call[0]) == "sluice" && len(call) > 1:
					sluiceTakes(t, call[1:])
					commands = append(commands, "sluice "+call[1])
				case call[0] == "terraform":
					commands = append(commands, "terraform "+call[1])
				}
			}
		}
		for _, want := range is.wants {
			if !slices.Contains(commands, want) {
				t.Errorf("the pipeline of %s never runs %q: %v", name, want, commands)
			}
		}
	}
	if c, _ := github["concurrency"].(map[string]any); c["cancel-in-progress"] != false {
		t.Error("GitHub would cancel an apply in the middle of a rollout")
	}
	if apply, _ := gitlab["apply"].(map[string]any); apply["resource_group"] == nil || apply["interruptible"] != false {
		t.Error("GitLab would run two applies, or cancel one in the middle of a rollout")
	}
}

// TestThePipelinesPinTheActionsThatTheProjectTests keeps the guide's pins as new as
// the project's own, which Dependabot renews.
func TestThePipelinesPinTheActionsThatTheProjectTests(t *testing.T) {
	own := read(t, ".github/workflows/test.yml")
	github, _, scheduled := pipelines(t)
	pinned := regexp.MustCompile(`^[\w/-]+@[0-9a-f]{40}$`)
	uses := append(texts(github, "uses"), texts(scheduled, "uses")...)
	if len(uses) == 0 {
		t.Fatal("the pipeline uses no action")
	}
	for _, action := range uses {
		if !pinned.MatchString(action) || !strings.Contains(own, action) {
			t.Errorf("%s is not pinned as in .github/workflows/test.yml", action)
		}
	}
}

// TestEachCommandOfEachGuideIsThere reads the shell and the HCL that guides, READMEs
// and the contract's pages show. Words in capitals stand for something of the reader's.
func TestEachCommandOfEachGuideIsThere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "templates/guides/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "examples/*/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range slices.Concat(files, more, []string{filepath.Join(root, "README.md"), filepath.Join(root, "docs/contract/README.md"), filepath.Join(root, "docs/contract/exec.md")}) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, script := range blocks(string(raw), "shell") {
			for _, call := range calls(t, script) {
				if filepath.Base(call[0]) == "sluice" && len(call) > 1 {
					sluiceTakes(t, call[1:])
					seen++
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d calls of sluice were found", seen)
	}
}
