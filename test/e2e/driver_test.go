package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// driveEnv holds the job of a driver that is a process of its own.
const driveEnv = "SLUICE_E2E_DRIVER"

// job is what a driver's process is started with.
type job struct {
	// Ledger is the ledger's URL, and Dir holds the spool.
	Ledger, Dir string
	// Holder names this process and no other.
	Holder string
	Spec   release.Spec
	// Rollout is the number of the one to bring to its end.
	Rollout int
	// Resume takes an open rollout up as an agent does, and otherwise as an apply.
	Resume bool
	// Point is that of its life at which the process kills itself; 0 is none.
	Point int
}

// openEngine opens a ledger, and makes an engine on it that spools in a directory.
func openEngine(ctx context.Context, url, dir, holder string) (*release.Engine, error) {
	l, err := all.Open(ctx, url, all.Options{})
	if err != nil {
		return nil, err
	}
	return &release.Engine{
		Ledger: l, Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(), Gates: gates.New(l, nil, nil),
		Actor: holder, Holder: holder, LeaseTTL: time.Second, CallTimeout: 2 * time.Second, SpoolDir: filepath.Join(dir, "spool"),
	}, nil
}

// driveChild does a driver's job and ends the process, when it is one, and
// otherwise returns at once.
func driveChild() {
	text := os.Getenv(driveEnv)
	if text == "" {
		return
	}
	var j job
	err := json.Unmarshal([]byte(text), &j)
	if err == nil {
		err = j.drive(context.Background())
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err) // There is nowhere else to say it.
		os.Exit(1)
	}
	os.Exit(0)
}

// tries is how often a job is begun, as CI does that runs a failed one again: a machine
// that is busy lets a target answer late, or a lease expire later than its term.
const tries = 3

// drive opens the rollout of the job where nobody did yet, and brings it to its
// end, whatever that is.
func (j job) drive(ctx context.Context) error {
	e, err := openEngine(ctx, j.Ledger, j.Dir, j.Holder)
	if err != nil {
		return err
	}
	defer func() { _ = e.Ledger.Close() }() // What was appended is durable.
	fate := &fate{at: j.Point}
	fate.doomed(e)
	defer func() { _, _ = fmt.Fprintf(os.Stderr, lived, fate.n) }()
	for range tries {
		err = j.once(ctx, e)
		var ended *release.EndedError
		if err == nil || errors.As(err, &ended) {
			return nil
		}
	}
	return err
}

func (j job) once(ctx context.Context, e *release.Engine) error {
	h, err := e.Load(ctx, checkout)
	if err != nil && !errors.Is(err, release.ErrUnknown) {
		return err
	}
	begun := err == nil && h.Rollout(j.Rollout) != nil
	switch {
	case begun && h.Open() == nil:
		return nil
	case begun && j.Resume:
		_, err = e.Continue(ctx, checkout)
	default:
		_, err = e.Ship(ctx, release.ShipRequest{Spec: j.Spec, Owner: owner})
	}
	return err
}

// process is a driver that runs.
type process struct {
	cmd  *exec.Cmd
	said strings.Builder
	// done is closed when the process has ended.
	done chan struct{}
	end  sync.Once
}

// start runs a driver in a process of its own. It does not outlive the test.
func (j job) start(t *testing.T) *process {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self), done: make(chan struct{})} //nolint:gosec,noctx // This test's own executable.
	p.cmd.Env = append(os.Environ(), driveEnv+"="+string(text))
	p.cmd.Stderr = &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // Its ProcessState says how it ended.
		close(p.done)
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process as kill -9 does, waits until it is gone, and says whether
// it was this that ended it.
func (p *process) kill() bool {
	p.end.Do(func() { _ = p.cmd.Process.Kill() }) // It may be gone already.
	<-p.done
	return !p.cmd.ProcessState.Exited()
}

// records reads a release's stream behind the record numbered after.
func records(t *testing.T, l ledger.Ledger, after uint64) []ledger.Record {
	t.Helper()
	got, err := l.Read(t.Context(), checkout.Stream(), after+1)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
