package guides

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestAccTheCommandIsWhatInitInstalls runs the lines by which the pipelines get sluice,
// with a provider that init takes from a mirror instead of a registry.
func TestAccTheCommandIsWhatInitInstalls(t *testing.T) {
	mirror, dir := t.TempDir(), t.TempDir()
	binary, err := os.ReadFile(filepath.Join(home(t), "bin/terraform-provider-sluice"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		place := filepath.Join(mirror, host, "sluice/sluice/0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(place, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, "terraform-provider-sluice_v0.0.1"), binary, 0o700); err != nil { //nolint:gosec // It is a program.
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"cli.tfrc": "provider_installation {\n  filesystem_mirror { path = \"" + mirror + "\" }\n}\n",
		"main.tf":  "terraform {\n  required_providers {\n    sluice = { source = \"sluice/sluice\" }\n  }\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	github, _, _ := pipelines(t)
	script := ""
	for _, run := range texts(github, "run") {
		if strings.Contains(run, "terraform init") {
			script = run
		}
	}
	tools := t.TempDir()
	if err := os.Symlink(os.Getenv("TF_ACC_TERRAFORM_PATH"), filepath.Join(tools, "terraform")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "path")
	term := newTerminal(t, dir, "PATH="+tools+":"+os.Getenv("PATH"), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "RUNNER_TEMP="+dir, "GITHUB_PATH="+path)
	term.run(t.Context(), script)
	if out := term.run(t.Context(), `"$(cat "$GITHUB_PATH")"/sluice --version`); !strings.HasPrefix(out, "sluice ") {
		t.Errorf("what is installed says %q", out)
	}
}
