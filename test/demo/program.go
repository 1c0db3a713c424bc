package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// grace is how long a program may take to end after it was asked to.
const grace = 20 * time.Second

// result is what a program did.
type result struct {
	// code is its exit code, -1 when it did not run to its end.
	code int
	// text is what it wrote to both outputs, without colours.
	text string
	took time.Duration
}

// run starts a program in the folder of the example and waits for it.
func (s *stage) run(name string, args ...string) result {
	if s.stopped() {
		return result{code: -1}
	}
	var out bytes.Buffer
	cmd := s.command(s.ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	began := s.clock.Now()
	err := cmd.Run()
	r := result{text: plainText(out.String()), took: s.clock.Now().Sub(began)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.fail(filepath.Base(name)+" runs", err.Error(), r.text)
		return result{code: -1, text: r.text}
	}
	r.code = cmd.ProcessState.ExitCode()
	return r
}

// command makes a program that ends with the context: it is asked to first.
func (s *stage) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = s.config, s.env
	alone(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	return cmd
}

// terraform shows a command of Terraform and runs it. What it prints is left to
// the caller, who knows which part matters.
func (s *stage) terraform(args ...string) result {
	if s.stopped() {
		return result{code: -1}
	}
	s.out.command("terraform " + typed(args))
	return s.quietly(args...)
}

// quietly runs a command of Terraform without showing it.
func (s *stage) quietly(args ...string) result {
	full := slices.Clone(args)
	switch args[0] {
	case "plan":
		full = append(full, "-input=false", "-detailed-exitcode")
	case "apply":
		full = append(full, "-input=false", "-auto-approve")
	}
	return s.run(s.programs.terraform, full...)
}

// sluice shows a command of the command line and runs it.
func (s *stage) sluice(args ...string) result {
	if s.stopped() {
		return result{code: -1}
	}
	s.out.command("sluice " + typed(args))
	return s.run(s.programs.sluice, args...)
}

// typed writes arguments as a person would type them.
func typed(args []string) string {
	words := slices.Clone(args)
	for i, w := range words {
		if strings.ContainsAny(w, " {}\"") {
			words[i] = "'" + w + "'"
		}
	}
	return strings.Join(words, " ")
}

// exited checks an exit code, and shows everything that was said when it is
// another.
func (s *stage) exited(r result, code int, told string) {
	if s.stopped() {
		return
	}
	if r.code != code {
		s.fail(told, fmt.Sprintf("exit code %d instead of %d", r.code, code), r.text)
		return
	}
	s.expect(told, true, "")
}

// environment is the demo's own, without what would lead Terraform or Sluice
// elsewhere.
func environment(all []string, more ...string) []string {
	env := slices.DeleteFunc(slices.Clone(all), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "CI" || name == "NO_COLOR" || strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "SLUICE_") || strings.HasPrefix(name, "TOFU_")
	})
	return append(env, more...)
}

// mirror lays the provider out as Terraform looks for it, and says so in a
// configuration of Terraform's command line. OpenTofu takes a source without a
// host to be on its own registry, so both are there.
func (s *stage) mirror() (string, error) {
	const version = "0.0.1"
	root := filepath.Join(s.work, "mirror")
	sources := []string{"registry.terraform.io/sluice/sluice", "registry.opentofu.org/sluice/sluice"}
	content, err := os.ReadFile(s.programs.provider)
	if err != nil {
		return "", err
	}
	for _, source := range sources {
		folder := filepath.Join(root, filepath.FromSlash(source), version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, "terraform-provider-sluice_v"+version), content, 0o755); err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf("disable_checkpoint = true\n\nprovider_installation {\n  filesystem_mirror {\n    path    = %q\n    include = [\"%s\"]\n  }\n}\n",
		filepath.ToSlash(root), strings.Join(sources, `", "`))
	path := filepath.Join(s.work, "cli.tfrc")
	return path, os.WriteFile(path, []byte(text), 0o600)
}
