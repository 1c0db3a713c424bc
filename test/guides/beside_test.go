package guides

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// besideOthers begins what the guide says to whoever has other providers, too.
const besideOthers = "\n## Beside other providers\n"

// TestAccInitBesideAnotherProviderGoesAsTheGuideSays types those lines, in a folder that
// needs another provider. That one is a copy of ours under another name, in a mirror that
// stands for its registry: what init and plan do about Sluice is the same, and one of 700 MB
// need not be started for it.
func TestAccInitBesideAnotherProviderGoesAsTheGuideSays(t *testing.T) {
	dir, built, registries := t.TempDir(), t.TempDir(), t.TempDir()
	binary := filepath.Join(home(t), "bin/terraform-provider-sluice")
	link := func(folder, name string) {
		t.Helper()
		if err := os.MkdirAll(folder, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(binary, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(built, "bin"), "terraform-provider-sluice")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		link(filepath.Join(registries, host, "example/other/1.0.0", runtime.GOOS+"_"+runtime.GOARCH), "terraform-provider-other")
	}
	config := `
terraform {
  required_providers {
    other  = { source = "example/other" }
    sluice = { source = "sluice/sluice" }
  }
}

provider "other" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	tools := t.TempDir()
	if err := os.Symlink(os.Getenv("TF_ACC_TERRAFORM_PATH"), filepath.Join(tools, "terraform")); err != nil {
		t.Fatal(err)
	}
	text := guide(t, "first-release")
	before, section, found := strings.Cut(text, besideOthers)
	section, _, _ = strings.Cut(section, "\n## ")
	typed := blocks(section, "shell")
	if !found || len(typed) != 1 {
		t.Fatalf("the guide has %d blocks under %q", len(typed), besideOthers)
	}
	const registry = "direct {"
	elsewhere := "filesystem_mirror {\n    path = \"" + registries + "\""
	term := newTerminal(t, dir, "PATH="+tools+":"+os.Getenv("PATH"), "SLUICE_HOME="+built, "CI=", "SLUICE_LEDGER=", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color")
	// The reader has typed the first override already, which the guide says is not enough.
	for _, block := range blocks(before, "shell") {
		if strings.Contains(block, "dev_overrides") {
			_, override, _ := strings.Cut(block, "cd first-release\n")
			term.run(t.Context(), strings.Replace(override, registry+"}", elsewhere+"\n}", 1))
		}
	}
	if out := term.run(t.Context(), "terraform init # exit code 1"); !strings.Contains(out, "Failed to query available provider packages") {
		t.Errorf("init with the override alone says\n%s", out)
	}
	out := term.run(t.Context(), strings.Replace(typed[0], registry, elsewhere, 1))
	for _, part := range []string{"Skip", "development overrides are in effect", "successfully initialized", "Plan: 1 to add"} {
		if !strings.Contains(out, part) {
			t.Errorf("it does not say %q:\n%s", part, out)
		}
	}
	// A binary that was built anew is another one than init has seen.
	rebuilt := strings.Join([]string{`cp "$SLUICE_HOME/bin/terraform-provider-sluice" new`, "echo >> new", `mv new "$SLUICE_HOME/bin/terraform-provider-sluice"`, ""}, "\n")
	if out := term.run(t.Context(), rebuilt+"terraform plan"); !strings.Contains(out, "Plan: 1 to add") {
		t.Errorf("after a build:\n%s", out)
	}
	withoutOverride := "sed '/dev_overrides/,/}/d' sluice.tfrc > plain.tfrc\nexport TF_CLI_CONFIG_FILE=\"$PWD/plain.tfrc\"\nterraform plan # exit code 1\n"
	if out := term.run(t.Context(), withoutOverride); !strings.Contains(out, "checksums recorded in the") {
		t.Errorf("after a build without the override:\n%s", out)
	}
}
