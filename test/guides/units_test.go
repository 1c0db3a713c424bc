package guides

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// TestTheBusinessUnitsAreThoseOfTheExample holds the guide's HCL to the example, which
// an acceptance test applies.
func TestTheBusinessUnitsAreThoseOfTheExample(t *testing.T) {
	example := ""
	for _, name := range []string{"organisation", "unit", "team"} {
		example += read(t, "examples/business-units/"+name+"/main.tf")
	}
	shown := 0
	for _, text := range blocks(guide(t, "business-units"), "terraform") {
		for _, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
			shown++
			if !strings.Contains(example, part) {
				t.Errorf("examples/business-units has no\n%s", part)
			}
		}
	}
	if shown < 8 {
		t.Errorf("the guide shows %d blocks", shown)
	}
}

// TestAccTheCommandsOfTheBusinessUnits runs the guide's shell.
func TestAccTheCommandsOfTheBusinessUnits(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]scope.Config{
		"acme.db": {Scope: "acme"}, "retail.db": {Scope: "acme/retail", Above: []scope.Above{{Scope: "acme"}}},
		"checkout.db": {Scope: "acme/retail/checkout", Above: []scope.Above{{Scope: "acme/retail"}, {Scope: "acme"}}},
	} {
		l, err := ledgers.Open(t.Context(), "sqlite:"+filepath.Join(dir, name), ledgers.Options{})
		if err != nil {
			t.Fatal(err)
		}
		records, err := l.Read(t.Context(), ledger.LedgerStream, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scope.Bind(t.Context(), l, c, "ci@acme", records[0].At); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	term := newTerminal(t, dir, "PATH="+filepath.Join(home(t), "bin")+":"+os.Getenv("PATH"))
	for _, script := range blocks(guide(t, "business-units"), "shell") {
		script = strings.ReplaceAll(script, "/srv/sluice", dir)
		if out := term.run(t.Context(), script); !strings.Contains(out, "acme/retail/checkout") || !strings.Contains(out, "Nothing is on hold.") || strings.Contains(out, "cannot be read") {
			t.Errorf("the guide's commands say\n%s", out)
		}
	}
}
