// Command demo plays the whole story of a release on this machine, with real
// Terraform, the provider that was just built, and the lab with live traffic. It
// checks everything that it tells, asks nothing, and ends with 1 when anything
// came out otherwise.
//
// It finds the programs in the folder SLUICE_BIN (default: bin), and Terraform or
// OpenTofu in SLUICE_TERRAFORM, on the PATH or in that folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	out := newPrinter(os.Stdout, term.IsTerminal(int(os.Stdout.Fd())))
	programs, err := findPrograms(os.Getenv)
	if err != nil {
		out.failure(err.Error(), "")
		return 1
	}
	work, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		out.failure(err.Error(), "")
		return 1
	}
	defer func() {
		if err := os.RemoveAll(work); err != nil {
			out.failure("The demo's folder is left behind: "+err.Error(), "")
		}
	}()

	s := newStage(ctx, clock.System{}, out, programs, work)
	s.play()
	s.tearDown()
	return s.report()
}

// programs are what the demo starts.
type programs struct {
	// terraform is Terraform or OpenTofu; provider and sluice are one binary under
	// two names.
	terraform, provider, sluice string
	// quickstart is the example that is released.
	quickstart string
}

// findPrograms looks for everything before the story begins.
func findPrograms(getenv func(string) string) (programs, error) {
	bin := getenv("SLUICE_BIN")
	if bin == "" {
		bin = "bin"
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		return programs{}, err
	}
	p := programs{
		provider: filepath.Join(bin, "terraform-provider-sluice"), sluice: filepath.Join(bin, "sluice"),
		quickstart: filepath.Join(filepath.Dir(bin), "examples", "quickstart"),
	}
	for _, path := range []string{p.provider, p.sluice, filepath.Join(p.quickstart, "main.tf")} {
		if _, err := os.Stat(path); err != nil {
			return programs{}, fmt.Errorf("%s is missing: build it with \"make build\", and start the demo with \"make demo\": %w", filepath.Base(path), err)
		}
	}
	p.terraform, err = findTerraform(getenv("SLUICE_TERRAFORM"), bin)
	return p, err
}

func findTerraform(chosen, bin string) (string, error) {
	candidates := []string{"terraform", "tofu", filepath.Join(bin, "terraform"), filepath.Join(bin, "tofu")}
	if chosen != "" {
		candidates = []string{chosen}
	}
	for _, c := range candidates {
		if path, err := exec.LookPath(c); err == nil {
			return filepath.Abs(path)
		}
	}
	if chosen != "" {
		return "", fmt.Errorf("SLUICE_TERRAFORM is %q, which is no program; name a Terraform or OpenTofu, for example SLUICE_TERRAFORM=terraform", chosen)
	}
	return "", errors.New("neither terraform nor tofu is on the PATH; \"make demo\" gets one")
}
