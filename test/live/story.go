package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// folder is where a run's configurations and states are, until they are destroyed.
const folder = ".live"

// images are two versions that anybody may fetch. Their digests are looked up when a
// run begins.
const repository = "docker/library/httpd"

var tags = []string{"2.4.62", "2.4.63"}

// stories plays each example, the next one after a failure too.
func stories(ctx context.Context, region string, getenv func(string) string, out io.Writer) error {
	suffix := make([]byte, 3)
	_, _ = rand.Read(suffix) // It never fails.
	name := roleName + hex.EncodeToString(suffix)
	builds, err := digests(ctx, "https://public.ecr.aws", repository, tags)
	if err != nil {
		return err
	}
	if err := mirror(getenv); err != nil {
		return err
	}
	var all []error
	for _, example := range []string{"aws-lambda", "aws-alb", "aws-ecs"} {
		_, _ = fmt.Fprintf(out, "\n== %s as %s\n", example, name) // Whoever reads may be gone.
		s := &story{example: example, name: name, region: region, builds: builds, dir: filepath.Join(folder, name, example), cli: getenv("SLUICE_TERRAFORM"), out: out}
		err := s.play(ctx)
		if err = errors.Join(err, s.destroy(context.WithoutCancel(ctx))); err != nil {
			all = append(all, fmt.Errorf("%s: %w", example, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(all...)
}

// story is one example in an account.
type story struct {
	example, name, region, dir, cli string
	// builds are the digests of 1.0.0 and 1.1.0.
	builds []string
	out    io.Writer
}

// play applies the example, releases 1.1.0, wants an empty plan, and takes it back.
func (s *story) play(ctx context.Context) error {
	if err := s.write(); err != nil {
		return err
	}
	if s.example == "aws-lambda" {
		for _, version := range []string{"1.0.0", "1.1.0"} {
			if err := s.do(ctx, "./build.sh", version); err != nil {
				return err
			}
		}
	}
	for _, step := range [][]string{
		{"init", "-input=false"},
		{"apply", "-input=false", "-auto-approve", "-var", "checkout_version=1.0.0"},
		{"apply", "-input=false", "-auto-approve", "-var", "checkout_version=1.1.0"},
		{"plan", "-input=false", "-detailed-exitcode", "-var", "checkout_version=1.1.0"},
	} {
		if err := s.do(ctx, s.cli, step...); err != nil {
			return err
		}
	}
	return s.do(ctx, s.sluice(), "rollback", "checkout/production", "--reason", "live test")
}

func (s *story) sluice() string {
	here, _ := filepath.Abs(filepath.Join("bin", "sluice")) // The working directory is there.
	return here
}

// destroy takes the example away by its state. What that leaves, clean finds by its tag.
func (s *story) destroy(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.dir, "terraform.tfstate")); err != nil {
		return nil //nolint:nilerr // Without a state there is nothing.
	}
	if err := s.do(ctx, s.cli, "destroy", "-input=false", "-auto-approve", "-refresh=false"); err != nil {
		return err
	}
	return os.RemoveAll(s.dir)
}

// write copies the example, with the tag on everything and names of this run.
func (s *story) write() error {
	if err := os.CopyFS(s.dir, os.DirFS(filepath.Join("examples", s.example))); err != nil {
		return err
	}
	override := fmt.Sprintf("provider \"aws\" {\n  default_tags {\n    tags = { %s = %q }\n  }\n}\n", tagKey, s.name)
	// Steps and bake of a minute, since ECS counts in minutes.
	vars := fmt.Sprintf("name = %q\nregion = %q\nat_least = \"1m\"\nbake = \"1m\"\n", s.name, s.region)
	switch s.example {
	case "aws-lambda":
		vars += fmt.Sprintf("builds = %q\n", s.name)
	case "aws-ecs":
		vars += fmt.Sprintf("cluster = %q\nrevert_after = \"10m\"\n", s.name)
		fallthrough
	default:
		vars += fmt.Sprintf("repository = \"public.ecr.aws/%s\"\nbuilds = { \"1.0.0\" = %q, \"1.1.0\" = %q }\n", repository, s.builds[0], s.builds[1])
	}
	err := os.WriteFile(filepath.Join(s.dir, "live_override.tf"), []byte(override), 0o600)
	return errors.Join(err, os.WriteFile(filepath.Join(s.dir, "live.auto.tfvars"), []byte(vars), 0o600))
}

// do runs a command in the example's folder.
func (s *story) do(ctx context.Context, command string, args ...string) error {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // Terraform writes its state first.
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, s.out, s.out
	rc, err := filepath.Abs(filepath.Join(folder, "terraformrc"))
	if err != nil {
		return err
	}
	ledger, err := filepath.Abs(filepath.Join(s.dir, "ledger.db"))
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "SLUICE_LEDGER=sqlite:"+ledger, "SLUICE_ACTOR=live")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(command), strings.Join(args, " "), err)
	}
	return nil
}

// mirror lets Terraform find the provider that was just built, and AWS's in its own
// mirror or else in the registry.
func mirror(getenv func(string) string) error {
	const own = "registry.terraform.io/sluice/sluice"
	place, err := filepath.Abs(filepath.Join(folder, "mirror"))
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join("bin", "terraform-provider-sluice"))
	if err != nil {
		return fmt.Errorf("the provider is not built; make live builds it: %w", err)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		at := filepath.Join(place, host, "sluice", "sluice", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(at, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(at, "terraform-provider-sluice_v0.0.1"), raw, 0o700); err != nil { //nolint:gosec // It is executed.
			return err
		}
	}
	rest := "direct {"
	if m := getenv("SLUICE_TF_MIRROR"); m != "" {
		rest = fmt.Sprintf("filesystem_mirror {\n    path = %q", m)
	}
	ours := fmt.Sprintf("[%q, %q]", own, strings.Replace(own, "terraform.io", "opentofu.org", 1))
	text := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n    include = %s\n  }\n  %s\n    exclude = %s\n  }\n}\n", place, ours, rest, ours)
	return os.WriteFile(filepath.Join(folder, "terraformrc"), []byte(text), 0o600)
}
