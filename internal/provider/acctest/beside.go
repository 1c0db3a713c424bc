package acctest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Mirror is the environment variable that names a file-system mirror of providers,
// which is a folder with a folder for each registry inside. Without one Terraform
// asks the registry.
const Mirror = "SLUICE_TF_MIRROR"

// registry is where the mirrors have providers from. OpenTofu takes them from there
// too, when the configuration says so.
const registry = "registry.terraform.io"

// Beside initialises the folder with providers beside ours, by their sources without
// a host: "hashicorp/aws". Their name in the configuration is the end of that. The
// configuration must be written already. One that is in the mirror is taken from
// there, whatever version that is.
func (tf *Terraform) Beside(sources ...string) {
	tf.t.Helper()
	mirror := os.Getenv(Mirror)
	var here, wants []string
	for _, source := range sources {
		if found, _ := filepath.Glob(filepath.Join(mirror, registry, source, "*", "*")); mirror == "" || len(found) == 0 {
			continue
		}
		here = append(here, fmt.Sprintf("%q", registry+"/"+source))
		wants = append(wants, fmt.Sprintf("    %s = { source = %q }\n", path.Base(source), registry+"/"+source))
	}
	if len(here) > 0 {
		list := strings.Join(here, ", ")
		tf.Write("none.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path    = %q\n    include = [%s]\n  }\n  direct {\n    exclude = [%s]\n  }\n}\n", mirror, list, list))
		tf.Write("mirror_override.tf", "terraform {\n  required_providers {\n"+strings.Join(wants, "")+"  }\n}\n")
	}
	if out, err := tf.Command("init", "-input=false", "-no-color").CombinedOutput(); err != nil {
		tf.t.Fatalf("terraform init, with providers from %q (%s) or the registry: %v\n%s", mirror, Mirror, err, out)
	}
}
