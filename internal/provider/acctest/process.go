package acctest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// NewProcess makes a folder whose Terraform starts the provider as a process of its
// own, as it does for users, and so has its log too. The process is this test's
// executable; see Main. Terraform warns in each run that the provider is an
// override.
func NewProcess(t testing.TB) *Terraform {
	t.Helper()
	tf := folder(t)
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

// standsAlone is set for the process that NewApart starts.
const standsAlone = "SLUICE_ACC_ALONE"

// NewApart makes a folder whose providers, Sluice's and those Beside it, are processes with
// an environment of their own, of NAME=value, which Terraform and Env have, too. Tests that
// differ by what the environment says can run at once so.
func NewApart(t testing.TB, env ...string) *Terraform {
	t.Helper()
	tf := folder(t)
	tf.apart = env
	self, err := os.Executable()
	tf.must(err)
	raw, err := json.Marshal(map[string]json.RawMessage{address(): start(t, self, tf.Dir, append(env, standsAlone+"=1"))})
	tf.must(err)
	tf.env = append(tf.env, env...)
	tf.attach(string(raw))
	return tf
}

// Alone reports whether this process is a provider that NewApart started, whose environment
// is complete.
func Alone() bool { return os.Getenv(standsAlone) != "" }

// Env is the environment that NewApart was given, nothing after New.
func (tf *Terraform) Env() []string { return tf.apart }
