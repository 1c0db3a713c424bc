//go:build unix

package lab_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// labEnv makes this test's executable a lab that a test can kill.
const labEnv = "SLUICE_LAB_TEST_LAB"

func TestChildrenDieWithAKilledLab(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(t.TempDir(), "lab.json")
	l := labtest.Start(t, lab.Config{Artifacts: dir, State: state})
	canary(t, l, v1, v2, 50, 0)
	l.Stop()
	cmd := exec.Command(os.Args[0], "-test.run=^TestALabToKill$") //nolint:gosec,noctx // This test's own executable.
	cmd.Env = append(os.Environ(), labEnv+"="+dir+"\n"+state)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var s lab.Status
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was killed.
	for _, arm := range []target.Arm{target.Baseline, target.Canary} {
		pid := s.Processes[arm].PID
		if pid == 0 {
			t.Fatalf("no process in %+v", s.Processes)
		}
		labtest.Eventually(t, 10*time.Second, "the child is gone", func() bool { return gone(pid) })
	}
}

func TestAFinalizedArmsProcessIsGone(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	d := canary(t, l, v1, v2, 0, 0)
	s := l.Status()
	if p, err := d.Finalize(t.Context(), write("finalize")); err != nil || !p.Done {
		t.Fatalf("finalize: %+v, %v", p, err)
	}
	labtest.Eventually(t, 10*time.Second, "its process is gone", func() bool { return gone(s.Processes[target.Canary].PID) })
	if pid := s.Processes[target.Baseline].PID; gone(pid) || l.Status().Processes[target.Baseline].PID != pid {
		t.Error("the baseline's process is gone too")
	}
}

// gone reports whether a process has ended; one that nobody has waited for yet
// has.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestALabToKill is the lab of the test above, and passes at once by itself.
func TestALabToKill(t *testing.T) {
	dir, state, ok := strings.Cut(os.Getenv(labEnv), "\n")
	if !ok {
		return
	}
	l := labtest.Start(t, lab.Config{Artifacts: dir, State: state})
	labtest.Eventually(t, 10*time.Second, "both run", func() bool {
		p := l.Status().Processes
		return p[target.Baseline].Health == target.Healthy && p[target.Canary].Health == target.Healthy
	})
	if err := json.NewEncoder(os.Stdout).Encode(l.Status()); err != nil {
		t.Fatal(err)
	}
	_ = clock.System{}.Sleep(context.Background(), time.Minute)
}
