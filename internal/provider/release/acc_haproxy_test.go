//go:build !windows

// HAProxy does not run on Windows.

package release_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The whole of examples/haproxy, with real Terraform and a real HAProxy: a first
// release, a good one, a bad one, a reload and a crash.
func TestAccHAProxyExample(t *testing.T) {
	b := newBalancer(t)
	b.version("1.0.0")
	b.MustApply()
	b.wantServing("1.0.0")

	b.version("1.1.0")
	b.MustApply()
	b.wantServing("1.1.0")

	b.version("1.2.0")
	b.MustFail("rolled back", "1.1.0")
	b.wantServing("1.1.0")
	b.version("1.1.0")
	b.MustBeSettled()

	before := b.weights()
	reload := exec.Command("./reload.sh")
	reload.Dir = b.Dir
	pid := b.process()
	if out, err := reload.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	acctest.Eventually(t, "another process answers", func() bool { return b.process() != pid })
	if after := b.weights(); after != before {
		t.Errorf("a reload changed\n%s\nto\n%s", before, after)
	}
	b.crash()
	b.start()
	if after := b.weights(); after != before {
		t.Errorf("a crash changed\n%s\nto\n%s", before, after)
	}
	b.wantServing("1.1.0")
	b.MustBeSettled()
}

// HAProxy ends in mid-rollout and comes back: the same apply goes on where it was,
// since the weights came back too, and users of the old version noticed nothing but
// the gap.
func TestAccHAProxyGoneInMidRollout(t *testing.T) {
	b := newBalancer(t)
	b.version("1.0.0")
	b.MustApply()
	b.Write("terraform.tfvars", "checkout_version = \"1.1.0\"\nat_least = \"2s\"\nbake = \"300ms\"\ninterval = \"200ms\"\n")
	cmd := b.Command("apply", "-json", "-input=false", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	look := b.record()
	// HAProxy tells it before the state file does, from which it starts anew.
	acctest.Eventually(t, "the canary has 5 %", func() bool { return at(look(), 5) })
	b.crash()
	b.start()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, acctest.Read(out.Bytes(), cmd.ProcessState.ExitCode()).Text("error"))
	}
	b.wantServing("1.1.0")
	b.MustBeSettled()
}

// at is whether the second rollout is recorded to stand at a weight that was watched
// already: one whose outcome nobody knows is set again.
func at(r *release.Rollout, weight float64) bool {
	return r.Number == 2 && r.Weight == weight && r.Soak > 0
}

// HAProxy comes back in mid-rollout with the weights of its file. The rollout does
// not go on as if nothing had been, and says what it found; the old version, which
// the file names, serves. It waited for users before, and waits for none that can not
// come any more.
func TestAccHAProxyRestartedWithOldWeights(t *testing.T) {
	b := newBalancer(t)
	b.version("1.0.0")
	b.MustApply()
	b.Write("terraform.tfvars", "checkout_version = \"1.1.0\"\nat_least = \"1m\"\nbake = \"300ms\"\ninterval = \"200ms\"\n")
	cmd := b.Command("apply", "-json", "-input=false", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	look := b.record()
	paused := func(why release.Cause) func() bool {
		return func() bool {
			r := look()
			if r.State.Final() || r.State.GoingBack() {
				t.Fatal("it does not wait")
			}
			return r.State == release.Paused && r.Cause == why
		}
	}
	acctest.Eventually(t, "the canary has 5 %", func() bool { return at(look(), 5) })
	b.leave()
	acctest.Eventually(t, "the rollout waits for users", paused(release.CauseNoData))
	b.crash()
	b.forget()
	b.start()
	acctest.Eventually(t, "the rollout pauses", paused(release.CauseDiverged))
	if r := look(); !strings.Contains(r.Reason, "no canary arm any more; the rollout left it at 5 %") {
		t.Errorf("it paused by %s: %s", r.Cause, r.Reason)
	}
	if err := b.engine.RequestAbort(context.Background(), key, release.RequestBody{Reason: "HAProxy lost its state"}); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the apply succeeded")
	}
	b.Wants(acctest.Read(out.Bytes(), cmd.ProcessState.ExitCode()), "error", "aborted", "no canary", "1.0.0 at 100 %")
	b.wantServing("1.0.0")
}
