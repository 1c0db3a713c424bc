// Package acctest drives a real Terraform, or OpenTofu, against the provider in
// the test's own process, so that a test has the command line's words and exit
// codes and may still put its own clock and drivers in.
package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/provider"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// Main is the TestMain of a package with acceptance tests. It runs the tests whose
// names begin with TestAcc only where TF_ACC is set, as the test framework of
// Terraform does, and those that begin with TestNext only where the Terraform is one
// that has lists and actions, which is 1.14. The same executable serves as a child of a
// lab, and as the provider that Terraform starts (NewProcess, NewApart).
func Main(m *testing.M) {
	labtest.Child()
	if alone := Alone(); alone || serve.ByTerraform(os.Getenv) {
		if err := serve.Run(provider.New("test"), alone); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	// Terraform shows a provider's log only where it starts the provider itself.
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER", "TF_LOG_PROVIDER_SLUICE"} {
		if err := os.Setenv(name, "off"); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	if pattern := without(os.Getenv); pattern != "" {
		if err := flag.Set("test.skip", pattern); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// World is this machine's, with an environment that no CI disturbs. A test changes
// what it wants to be otherwise.
func World() client.World {
	return client.World{
		Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(),
		Getenv: func(key string) string {
			if key == "SLUICE_ACTOR" {
				return "tester@acme"
			}
			return ""
		},
		Dir: ".", Version: "test",
	}
}

// Factories offers the provider to terraform-plugin-testing.
func Factories(world client.World) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"sluice": func() (tfprotov6.ProviderServer, error) { return serve.New(provider.NewIn(world)), nil },
	}
}

// Terraform is a folder with a configuration and a state of its own.
type Terraform struct {
	// Dir is the folder.
	Dir   string
	t     testing.TB
	cli   string
	env   []string
	heard recorder
	// attachedTo says where providers are that run already, as Terraform reads it.
	attachedTo string
	// apart is the environment that providers have besides that of this process.
	apart []string
}

// New makes a folder with a provider that stands on the world. The provider runs
// in this process until the test ends.
func New(t testing.TB, world client.World) *Terraform {
	t.Helper()
	tf := folder(t)
	tf.attach(tf.reattach(world))
	return tf
}

// attach tells Terraform of providers that run.
func (tf *Terraform) attach(to string) {
	tf.attachedTo = to
	tf.env = append(tf.env, "TF_REATTACH_PROVIDERS="+to)
}

// folder makes a folder without a provider.
func folder(t testing.TB) *Terraform {
	t.Helper()
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		var err error
		if cli, err = exec.LookPath("terraform"); err != nil {
			t.Fatalf("an acceptance test needs Terraform: set TF_ACC_TERRAFORM_PATH, or run it by make testacc: %v", err)
		}
	}
	tf := &Terraform{Dir: t.TempDir(), t: t, cli: cli}
	tf.env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+filepath.Join(tf.Dir, "none.tfrc"))
	tf.Write("none.tfrc", "")
	tf.Write("versions.tf", `terraform {
  required_providers {
    sluice = { source = "sluice/sluice" }
  }
}
`)
	return tf
}

// reattach serves the provider and says how Terraform finds it.
func (tf *Terraform) reattach(world client.World) string {
	return tf.attached(map[string]func() tfprotov6.ProviderServer{
		address(): func() tfprotov6.ProviderServer { return overheard{serve.New(provider.NewIn(world)), &tf.heard} },
	})
}

// Attach serves other providers beside Sluice's, by the names that the configuration
// has for them.
func (tf *Terraform) Attach(world client.World, others map[string]func() tfprotov6.ProviderServer) {
	tf.t.Helper()
	all := map[string]func() tfprotov6.ProviderServer{
		address(): func() tfprotov6.ProviderServer { return overheard{serve.New(provider.NewIn(world)), &tf.heard} },
	}
	for name, server := range others {
		all[strings.TrimSuffix(address(), "sluice/sluice")+"hashicorp/"+name] = server
	}
	tf.env = append(tf.env, "TF_REATTACH_PROVIDERS="+tf.attached(all))
}

// attached serves providers until the test ends, and says how Terraform finds them.
func (tf *Terraform) attached(servers map[string]func() tfprotov6.ProviderServer) string {
	t := tf.t
	t.Helper()
	found := map[string]any{}
	for at, server := range servers {
		config := tf.serve(at, server)
		found[at] = map[string]any{
			"Protocol": config.Protocol, "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
			"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
		}
	}
	raw, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// serve serves one provider until the test ends.
func (tf *Terraform) serve(at string, server func() tfprotov6.ProviderServer) *plugin.ReattachConfig {
	ctx, stop := context.WithCancel(context.Background())
	found := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	quiet := hclog.New(&hclog.LoggerOptions{Output: io.Discard})
	go func() {
		_ = tf6server.Serve(at, server, tf6server.WithDebug(ctx, found, closed), tf6server.WithGoPluginLogger(quiet), tf6server.WithoutLogStderrOverride())
	}()
	config := <-found
	tf.t.Cleanup(func() {
		stop()
		<-closed
	})
	return config
}

// address is the provider's; OpenTofu has a registry of its own.
func address() string {
	if host := os.Getenv("TF_ACC_PROVIDER_HOST"); host != "" {
		return host + "/sluice/sluice"
	}
	return serve.Address
}

// Write writes a file of the configuration.
func (tf *Terraform) Write(name, content string) {
	tf.t.Helper()
	if err := os.WriteFile(filepath.Join(tf.Dir, name), []byte(content), 0o600); err != nil {
		tf.t.Fatal(err)
	}
}

// Command prepares a run of Terraform in the folder.
func (tf *Terraform) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(tf.cli, args...)
	cmd.Dir, cmd.Env = tf.Dir, tf.env
	return cmd
}

// Diagnostic is an error or a warning as Terraform shows it.
type Diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
}

// Seen gives each diagnostic that the provider gave since the last call, once.
func (tf *Terraform) Seen() []Seen { return tf.heard.take() }

// Result is what a run of Terraform came to.
type Result struct {
	// Exit is the exit code.
	Exit        int
	Diagnostics []Diagnostic
	// Output is everything that was printed, for messages of tests.
	Output string
}

// Of gives the diagnostics of one severity, "error" or "warning".
func (r Result) Of(severity string) []Diagnostic {
	var out []Diagnostic
	for _, d := range r.Diagnostics {
		if d.Severity == severity {
			out = append(out, d)
		}
	}
	return out
}

// Text joins the diagnostics of one severity.
func (r Result) Text(severity string) string {
	var b strings.Builder
	for _, d := range r.Of(severity) {
		fmt.Fprintf(&b, "%s\n%s\n", d.Summary, d.Detail)
	}
	return b.String()
}

// Run runs Terraform with -json output.
func (tf *Terraform) Run(args ...string) Result {
	tf.t.Helper()
	return tf.Finish(tf.Command(args...))
}

// Finish runs a prepared command to its end and reads its diagnostics.
func (tf *Terraform) Finish(cmd *exec.Cmd) Result {
	tf.t.Helper()
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tf.t.Fatalf("running Terraform: %v", err)
	}
	return Read(raw, cmd.ProcessState.ExitCode())
}

// Read reads what a run with -json printed.
func Read(raw []byte, exit int) Result {
	out := Result{Exit: exit, Output: string(raw)}
	for line := range strings.SplitSeq(string(raw), "\n") {
		var event struct {
			Type       string     `json:"type"`
			Diagnostic Diagnostic `json:"diagnostic"`
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Type == "diagnostic" {
			out.Diagnostics = append(out.Diagnostics, event.Diagnostic)
		}
	}
	return out
}

// deadline is how long a test waits for something of its own. It costs nothing where
// that comes, and four tests with a Terraform each on a busy machine have taken half a
// minute to their first step.
const deadline = 5 * time.Minute

// Eventually waits until something is so.
func Eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	labtest.Eventually(t, deadline, what, so)
}
