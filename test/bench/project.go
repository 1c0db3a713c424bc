package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
)

// object is one kind of resource, as a configuration declares N of it.
type object struct {
	name string
	// provider is its address, empty for the one that is built into Terraform.
	provider string
	block    string
}

var (
	// builtIn is the floor of all: a resource that Terraform carries within itself.
	builtIn = object{name: "terraform_data", block: `resource "terraform_data" "bench" {
  count = var.n
  input = "bench-${count.index}"
}`}
	environment = object{name: "sluice_environment", provider: serve.Address, block: `resource "sluice_environment" "bench" {
  count = var.n
  name  = "bench-${count.index}"
  tier  = "production"
}`}
	smallest = object{name: "smallest_thing", provider: path.Join(path.Dir(serve.Address), "smallest"), block: `resource "smallest_thing" "bench" {
  count = var.n
  name  = "bench-${count.index}"
}`}
)

// installed says which binary stands for which provider.
type installed struct {
	dir, config string
}

// install lays binaries out as a mirror that Terraform installs from, as it does
// from a registry's package.
func (b *bench) install(name string, binaries map[string]string) (installed, error) {
	in := installed{dir: filepath.Join(b.dir, "mirror-"+name)}
	in.config = filepath.Join(in.dir, "terraform.rc")
	for address, binary := range binaries {
		dir := filepath.Join(in.dir, filepath.FromSlash(address), "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return in, fmt.Errorf("laying out the mirror: %w", err)
		}
		if err := copyFile(binary, filepath.Join(dir, "terraform-provider-"+path.Base(address)+"_v0.0.1")); err != nil {
			return in, err
		}
	}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", in.dir)
	return in, os.WriteFile(in.config, []byte(config), 0o600)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying a binary: %w", err)
	}
	return os.WriteFile(to, content, 0o700)
}

// project is a folder with a configuration, ready to plan.
type project struct {
	dir       string
	object    object
	terraform string
	env       []string
}

// open makes a project and initialises it.
func (b *bench) open(ctx context.Context, name string, o object, in installed, extra ...string) (*project, error) {
	terraform, err := findTerraform()
	if err != nil {
		return nil, err
	}
	p := &project{dir: filepath.Join(b.dir, name), object: o, terraform: terraform}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a project: %w", err)
	}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TF_") && !strings.HasPrefix(v, "SLUICE_") && !strings.HasPrefix(v, "CI=") {
			p.env = append(p.env, v)
		}
	}
	p.env = append(p.env, "TF_CLI_CONFIG_FILE="+in.config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "SLUICE_LEDGER=sqlite:"+p.ledger())
	p.env = append(p.env, extra...)
	config := "variable \"n\" { type = number }\n\n" + o.block + "\n"
	if o.provider != "" {
		config = fmt.Sprintf("terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n\n", path.Base(o.provider), o.provider) + config
	}
	if err := os.WriteFile(filepath.Join(p.dir, "main.tf"), []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("making a project: %w", err)
	}
	_, err = p.run(ctx, 0, "init", "-input=false", "-no-color")
	return p, err
}

// findTerraform is the one that make has found, or the one on the PATH. The path is
// absolute, since each project has its own working directory.
func findTerraform() (string, error) {
	name := os.Getenv("SLUICE_TERRAFORM")
	if name == "" {
		name = "terraform"
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("finding Terraform: %w; run make bench, which gets one", err)
	}
	return filepath.Abs(found)
}

func (p *project) ledger() string { return filepath.Join(p.dir, "ledger.db") }

// usage is what a command and everything it started took.
type usage struct{ wall, cpu float64 }

// run runs Terraform and wants the exit code.
func (p *project) run(ctx context.Context, code int, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, p.terraform, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	began := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(began).Seconds()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return u, fmt.Errorf("running Terraform: %w", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		tail := output.Bytes()
		return u, fmt.Errorf("%s of %s ended with code %d and not %d: ...%s", args[0], p.object.name, got, code, tail[max(0, len(tail)-2000):])
	}
	u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return u, nil
}

// plan plans n objects and wants a plan with changes, or one without.
func (p *project) plan(ctx context.Context, n int, changes bool) (usage, error) {
	code := 0
	if changes {
		code = 2
	}
	return p.run(ctx, code, "plan", "-input=false", "-no-color", "-detailed-exitcode", fmt.Sprintf("-var=n=%d", n))
}
