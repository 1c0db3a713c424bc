//go:build unix

package exec_test

import (
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// The script of the example keeps the contract.
func TestTheContractAgainstTheExample(t *testing.T) {
	// The interpreter itself, as what is called python3 may be a slow wrapper.
	python, err := osexec.Command("python3", "-c", "import sys; sys.stdout.write(sys.executable)").Output()
	if err != nil {
		t.Fatalf("the example is a script for python3, which must be on the PATH: run make packages (%v)", err)
	}
	script, err := filepath.Abs("../../../examples/exec/deploy.py")
	if err != nil {
		t.Fatal(err)
	}
	a, b := payload("a"), payload("b")
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		return &targettest.Fixture{A: a, B: b, Target: open(t, exec.Config{
			Command: []string{string(python), "-I", "-S", script},
			Environment: map[string]string{
				"STATE":     filepath.Join(t.TempDir(), "state.json"),
				"ARTIFACTS": a.Digest() + " " + b.Digest(),
			},
		})}
	})
}
