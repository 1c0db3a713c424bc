package release_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
)

// TestAccRelease_ExecExample releases by the example's script, twice.
func TestAccRelease_ExecExample(t *testing.T) {
	t.Parallel()
	python, err := exec.Command("python3", "-c", "import sys; sys.stdout.write(sys.executable)").Output()
	if err != nil {
		t.Fatalf("the example needs python3 on the PATH: run make packages (%v)", err)
	}
	tf := acctest.New(t, acctest.World())
	tf.Write("versions.tf", "") // The example has its own.
	for _, name := range []string{"main.tf", "deploy.py"} {
		content, err := os.ReadFile(filepath.Join("../../../examples/exec", name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(content), `provider "sluice" {}`, fmt.Sprintf("provider \"sluice\" {\n ledger = \"sqlite:%s\"\n}", filepath.Join(tf.Dir, "ledger.db")), 1)
		tf.Write(name, text)
	}
	if err := os.Chmod(filepath.Join(tf.Dir, "deploy.py"), 0o700); err != nil {
		t.Fatal(err)
	}
	variables := func(version, digit string) {
		tf.Write("terraform.tfvars", fmt.Sprintf("state = %q\npath = %q\nartifact = { version = %q, reference = %q }\n",
			filepath.Join(tf.Dir, "state.json"), filepath.Dir(string(python))+":/usr/bin:/bin", version, "registry.example/checkout@sha256:"+strings.Repeat(digit, 64)))
	}
	variables("1.0.0", "1")
	tf.MustApply()
	tf.MustBeSettled()
	variables("1.1.0", "2")
	tf.MustApply()
	tf.MustBeSettled()
	state, err := os.ReadFile(filepath.Join(tf.Dir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(state), `"baseline": {"version": "1.1.0"`) || !strings.Contains(string(state), `"canary": null`) {
		t.Errorf("the script's state is %s", state)
	}
}

// throughPrometheus takes the counts of the stage's lab from a real Prometheus.
func (s *stage) throughPrometheus(server *promtest.Server, p artifact.Payload) string {
	const before = "openmetrics = {"
	config := s.config(p)
	at := strings.Index(config, before)
	if at < 0 {
		s.t.Fatal("the configuration has no openmetrics")
	}
	end := at + strings.Index(config[at:], "}") + 1
	return config[:at] + fmt.Sprintf(`prometheus = {
      url     = %q
      arms    = { label = "arm", baseline = "baseline", canary = "canary" }
      metrics = { errors = { total = { name = "lab_requests_total" }, bad = { match = { code = "5.." } } } }
    }`, server.URL) + config[end:]
}

// TestAccRelease_Prometheus ships and goes back by the counts of a real
// Prometheus.
func TestAccRelease_Prometheus(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, lab.Config{Traffic: 200})
	s := newStageOn(t, l)
	server := promtest.Start(t, 200*time.Millisecond, promtest.Job("lab", strings.TrimSuffix(l.Metrics, "/metrics")))
	s.Write("main.tf", s.throughPrometheus(server, s.v1))
	s.MustApply()
	s.Write("main.tf", s.throughPrometheus(server, s.v2))
	s.MustApply()
	s.MustBeSettled()
	s.Write("main.tf", s.throughPrometheus(server, s.v3))
	s.MustFail("rolled back", "What serves now 1.1.0")
	s.wantServing(s.v2)
}
