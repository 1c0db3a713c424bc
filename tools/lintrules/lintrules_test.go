// Package lintrules proves that the rules of the house in .golangci.yml fire.
//
// A rule that silently stopped matching would look like a clean house. So each
// rule is broken once, in a scratch module that has the paths of this one, and
// the linter must complain about exactly that file, with the reason of the rule.
package lintrules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/sluice/terraform-provider-sluice"

// stubs stand in for the modules that the rules forbid, so that the scratch
// module builds without a network.
var stubs = []string{
	"github.com/hashicorp/terraform-plugin-framework",
	"github.com/hashicorp/terraform-plugin-sdk/v2",
	"github.com/aws/aws-sdk-go-v2",
	"github.com/jackc/pgx/v5",
	"modernc.org/sqlite",
	"github.com/stretchr/testify",
}

// ours are the packages that the cases import from this module.
var ours = []string{
	"internal/provider", "internal/cli", "internal/lab",
	"internal/ledger/sqlite", "internal/target/contract", "internal/signal/openmetrics",
	"internal/release", "internal/ledger", "internal/clock",
}

type lintCase struct {
	file   string // the file that is written
	body   string // its content after the package clause
	linter string // who must complain; empty when nobody may
	reason string // a part of the complaint
}

type issue struct {
	FromLinter string
	Text       string
	Pos        struct{ Filename string }
}

func TestEachRuleOfTheHouseFires(t *testing.T) {
	root := scratch(t)
	for i, c := range cases() {
		pkg := filepath.Base(filepath.Dir(c.file))
		if pkg == "." {
			pkg = "main"
		}
		body := strings.ReplaceAll(c.body, "NAME", fmt.Sprintf("name%d", i))
		write(t, filepath.Join(root, c.file), "package "+pkg+"\n\n"+body)
	}
	got := map[string][]issue{}
	for _, is := range run(t, root) {
		name := filepath.ToSlash(is.Pos.Filename)
		got[name] = append(got[name], is)
	}
	for _, c := range cases() {
		t.Run(c.file, func(t *testing.T) {
			found := got[c.file]
			if c.linter == "" {
				if len(found) > 0 {
					t.Fatalf("no complaint expected about a file that keeps the rules, got %+v", found)
				}
				return
			}
			for _, is := range found {
				if is.FromLinter == c.linter && strings.Contains(is.Text, c.reason) {
					return
				}
			}
			t.Fatalf("%s must complain with %q, got %+v", c.linter, c.reason, found)
		})
	}
}

// scratch lays out a module with the name of this one, its configuration of the
// linter, and empty packages behind every import that the cases use.
func scratch(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	config, err := os.ReadFile(filepath.Join("..", "..", ".golangci.yml"))
	if err != nil {
		t.Fatalf("reading the configuration under test: %v", err)
	}
	write(t, filepath.Join(root, ".golangci.yml"), string(config))
	mod := "module " + module + "\n\ngo 1.26.0\n"
	for _, stub := range stubs {
		dir := filepath.Join("stubs", strings.ReplaceAll(stub, "/", "_"))
		mod += fmt.Sprintf("\nrequire %s %s\nreplace %s => ./%s\n", stub, version(stub), stub, filepath.ToSlash(dir))
		write(t, filepath.Join(root, dir, "go.mod"), "module "+stub+"\n\ngo 1.26.0\n")
		write(t, filepath.Join(root, dir, "stub.go"), "package stub\n")
	}
	write(t, filepath.Join(root, "go.mod"), mod)
	for _, pkg := range ours {
		write(t, filepath.Join(root, pkg, "doc.go"), "package "+filepath.Base(pkg)+"\n")
	}
	return root
}

// version is a version that the go command accepts for the path's major version.
func version(path string) string {
	last := path[strings.LastIndex(path, "/")+1:]
	if len(last) > 1 && last[0] == 'v' && last[1] >= '2' && last[1] <= '9' {
		return last + ".0.0"
	}
	return "v1.0.0"
}

// run returns what the linter complains about in the scratch module.
func run(t *testing.T, root string) []issue {
	t.Helper()
	linter := os.Getenv("SLUICE_GOLANGCI_LINT")
	if linter == "" {
		t.Fatal("SLUICE_GOLANGCI_LINT must name the linter: run \"make lint-rules\"")
	}
	cmd := exec.Command(linter, "run", "--output.json.path", "stdout", "--output.text.path", "stderr",
		"--show-stats=false", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -trimpath", "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("starting the linter: %v", err)
	}
	var report struct{ Issues []issue }
	if err := json.NewDecoder(&stdout).Decode(&report); err != nil {
		t.Fatalf("reading the linter's report: %v\n%s", err, stderr.String())
	}
	return report.Issues
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
