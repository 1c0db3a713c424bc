package acctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Mirror is the environment variable that names a file-system mirror of providers,
// which is a folder with a folder for each registry inside. Without one Terraform
// asks the registry.
const Mirror = "SLUICE_TF_MIRROR"

// registry is where the mirrors have providers from. OpenTofu takes them from there
// too, when the configuration says so.
const registry = "registry.terraform.io"

// Beside has providers beside ours, by their sources without a host:
// "hashicorp/aws". Each is started once, until the test ends, and Terraform is told
// where it is: to start it anew in each run, three times for one of 700 MB, would be
// most of the test. The configuration must be written already. A provider that is in
// the mirror is taken from there, whatever version that is.
func (tf *Terraform) Beside(sources ...string) {
	tf.t.Helper()
	var missing []string
	found := map[string]string{}
	for _, source := range sources {
		if found[source] = executable(filepath.Join(os.Getenv(Mirror), registry, source)); os.Getenv(Mirror) == "" || found[source] == "" {
			missing = append(missing, source)
		}
	}
	if len(missing) > 0 {
		if out, err := tf.Command("init", "-input=false", "-no-color").CombinedOutput(); err != nil {
			tf.t.Fatalf("terraform init, with providers from the registry, since %s (%q) has no %s: %v\n%s", Mirror, os.Getenv(Mirror), strings.Join(missing, ", "), err, out)
		}
	}
	attached := map[string]json.RawMessage{}
	tf.must(json.Unmarshal([]byte(tf.attachedTo), &attached))
	for _, source := range sources {
		for _, host := range []string{registry, path.Dir(path.Dir(address()))} {
			if found[source] == "" {
				found[source] = executable(filepath.Join(tf.Dir, ".terraform", "providers", host, source))
			}
		}
		host := path.Dir(path.Dir(address()))
		attached[path.Join(host, source)] = tf.narrowed(start(tf.t, found[source], tf.Dir, tf.apart))
	}
	raw, err := json.Marshal(attached)
	tf.must(err)
	tf.attach(string(raw))
}

func (tf *Terraform) must(err error) {
	tf.t.Helper()
	if err != nil {
		tf.t.Fatal(err)
	}
}

// executable finds a provider in its folder, which has one for each version.
func executable(folder string) string {
	found, _ := filepath.Glob(filepath.Join(folder, "*", "*", "terraform-provider-*"))
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// attaching is how long a provider may take until it says where it is.
const attaching = time.Minute

// start starts a provider that stands by itself, as all of HashiCorp's do with
// -debug, in the folder where Terraform would, and returns how Terraform finds it.
func start(t testing.TB, executable, dir string, env []string) json.RawMessage {
	t.Helper()
	cmd := exec.Command(executable, "-debug")
	// It is configured once for each run of Terraform, and AWS's is at a loss the second
	// time with a bundle. What tests reach is on this machine.
	cmd.Env = append(append(os.Environ(), "AWS_CA_BUNDLE="), env...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("starting the provider %q: %v", executable, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // It was killed.
	})
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, where, ok := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS="); ok {
				said <- strings.Trim(where, "'")
				break
			}
		}
		close(said)
		_, _ = io.Copy(io.Discard, out) // Or it would wait for a reader.
	}()
	var servers map[string]json.RawMessage
	select {
	case where := <-said:
		err = json.Unmarshal([]byte(where), &servers)
	case <-time.After(attaching): //nolint:forbidigo // A process of the machine's takes the machine's time.
		err = fmt.Errorf("it said nothing for %s", attaching)
	}
	for _, server := range servers {
		return server
	}
	t.Fatalf("the provider %s does not say where it is: %v", executable, err)
	return nil
}
