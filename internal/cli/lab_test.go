package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
)

// childEnv makes this test's executable the command line: the lab starts it as
// its children, with the arguments that it gives to a real one.
const childEnv = "SLUICE_CLI_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(Main(context.Background(), "test", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// labChild starts a child of the lab from this test's executable.
func labChild(t *testing.T) process.Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return process.Command{Path: self, Args: []string{"lab", "serve"}, Env: []string{childEnv + "=1"}}
}

// startLab runs sluice lab with the arguments and returns its addresses.
func startLab(t *testing.T, args ...string) lab.Addresses {
	t.Helper()
	out, in := io.Pipe()
	a := &app{
		version: "test", stdin: strings.NewReader(""), stdout: in, stderr: io.Discard,
		env: func(string) string { return "" }, clock: clock.System{},
		labChild: labChild(t),
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- a.run(ctx, append([]string{"lab", "--listen", "127.0.0.1:0", "--traffic-listen", "127.0.0.1:0", "--json"}, args...))
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != Done {
			t.Errorf("the lab ended with %d", code)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal("the lab did not start:", err)
	}
	var where lab.Addresses
	if err := json.Unmarshal(line, &where); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return where
}

// contractTest runs sluice contract test on the machine's clock.
func contractTest(args ...string) (result, contractJSON) {
	var stdout, stderr bytes.Buffer
	code := Main(context.Background(), "test", append([]string{"contract", "test", "--json"}, args...), strings.NewReader(""), &stdout, &stderr)
	var out contractJSON
	_ = json.Unmarshal(stdout.Bytes(), &out)
	return result{code, stdout.String(), stderr.String()}, out
}

func TestTheLabHoldsTheContract(t *testing.T) {
	dir := t.TempDir()
	a := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.0.0"})
	b := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.1.0"})
	where := startLab(t, "--artifacts", dir, "--rate", "20", "--instances", "2", "--mark-header", "X-Beta=1", "--mark-share", "25")
	r, out := contractTest(where.Contract, "--a", a.Reference, "--b", b.Reference, "--revert-after", "1s")
	if r.code != Done || !out.Holds || out.Failed != 0 || out.Passed != len(out.Checks) || out.NotApplicable != 0 {
		t.Errorf("%d %+v\n%s", r.code, out, r.errors)
	}
	resp, err := http.Get(where.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Error("the metrics answer", resp.Status)
	}
}

// A lab that can do nothing but weights holds the contract too: it refuses the
// rest.
func TestTheLabWithoutCapabilities(t *testing.T) {
	dir := t.TempDir()
	a := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.0.0"})
	b := labtest.WriteArtifact(t, dir, service.Descriptor{Version: "1.1.0"})
	where := startLab(t, "--artifacts", dir, "--no-cohorts", "--no-mirror", "--no-batches")
	r, out := contractTest(where.Contract, "--a", a.Reference, "--b", b.Reference, "--revert-after", "1s")
	if r.code != Done || !out.Holds || out.NotApplicable != 21 {
		t.Errorf("%d %+v\n%s", r.code, out, r.errors)
	}
	for _, check := range out.Checks {
		if check.Name == "cohort/told" && check.Detail != "the target does not have the capability cohorts" {
			t.Errorf("%+v", check)
		}
	}
}

func TestAServerThatHoldsNothing(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	r, out := contractTest(server.URL, "--a", first.Reference, "--b", good.Reference, "--patience", "1s")
	if r.code != Failed || out.Holds || out.Failed == 0 || out.Passed != 0 {
		t.Errorf("%d %+v", r.code, out)
	}
	contains(t, r.errors, "does not hold the contract")
	var stdout, stderr bytes.Buffer
	Main(context.Background(), "test", []string{"contract", "test", server.URL, "--a", first.Reference, "--b", good.Reference}, nil, &stdout, &stderr)
	contains(t, stdout.String(), "fail  ", "why it matters: ", " failed, ")
}

func TestAContractTestOfNobody(t *testing.T) {
	w := newWorld(t)
	r := w.expect(Failed, "contract", "test", "http://127.0.0.1:1", "--a", first.Reference, "--b", good.Reference)
	contains(t, r.errors, "no server answers there, so nothing was checked", "127.0.0.1:1")
	if r.out != "" {
		t.Error(r.out)
	}
}

func TestALabThatCannotStart(t *testing.T) {
	w := newWorld(t)
	contains(t, w.expect(Failed, "lab", "serve", "--nothing").errors, "reading the arguments")
	contains(t, w.expect(Failed, "lab", "--artifacts", ".", "--rate", "-1").errors, "the traffic is -1")
	contains(t, w.expect(Failed, "lab", "--artifacts", ".", "--instances", "17").errors, "1 to 16", "for example 4")
	contains(t, w.expect(Failed, "lab", "--artifacts", ".", "--mark-cookie", "a=1", "--mark-share", "101").errors, "between 0 and 100")
	contains(t, w.expect(BadUsage, "lab", "--artifacts", ".", "--mark-header", "X-Beta").errors, "a name and a value", "--mark-header X-Beta=1")
	contains(t, w.expect(BadUsage, "lab", "--artifacts", ".", "--mark-header", "X-A=1", "--mark-cookie", "a=1").errors, "exactly one of header and cookie")
	contains(t, w.expect(BadUsage, "lab", "--artifacts", ".", "--mark-header", "Authorization=1").errors, "it holds secrets")
}
