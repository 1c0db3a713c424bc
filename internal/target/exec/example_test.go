//go:build unix

package exec_test

import (
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
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
	// An interpreter starts for each call, so the checks run side by side.
	for _, c := range checks.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			r := checks.RunOne(t.Context(), c, &checks.Env{A: a, B: b, Target: open(t, exec.Config{
				Command: []string{string(python), "-I", "-S", script},
				Environment: map[string]string{
					"STATE":     filepath.Join(t.TempDir(), "state.json"),
					"ARTIFACTS": a.Digest() + " " + b.Digest(),
				},
			})})
			if r.Status == checks.Fail {
				t.Errorf("%s\nif this were so, %s", r.Detail, r.Why)
			}
		})
	}
}
