package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// NewProcess makes a folder whose Terraform starts the provider as a process of its
// own, as it does for users, and so has its log too. The process is this test's
// executable; see Main. Terraform warns in each run that the provider is an
// override.
func NewProcess(t testing.TB) *Terraform {
	t.Helper()
	tf := New(t, client.World{})
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(tf.Dir, "terraform-provider-sluice"))
	}
	if err != nil {
		t.Fatal(err)
	}
	tf.Write("none.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", address(), tf.Dir))
	tf.env = append(tf.env, "TF_REATTACH_PROVIDERS=", "TF_LOG=trace", "TF_LOG_SDK=trace", "TF_LOG_PROVIDER=trace", "TF_LOG_PROVIDER_SLUICE=trace")
	return tf
}
