//go:build unix

package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
)

// crew is the workers of one ledger, and what befalls them.
type crew struct {
	*testing.T
	url     string
	dir     string
	plan    plan
	workers []*process
	dice    *rand.Rand
	// logs are of all lives.
	logs []string
	// quota is how many appends each worker is to have acknowledged.
	quota int
}

// process is a worker's present life.
type process struct {
	job  job
	life int
	cmd  *exec.Cmd
	said bytes.Buffer
	// done gives how it ended.
	done chan error
	// over is true for a worker that has met its quota.
	over bool
}

// start begins a life.
func (c *crew) start(p *process) {
	c.Helper()
	p.life++
	p.job.Name = fmt.Sprintf("w%d-%d", p.job.Worker, p.life)
	p.job.Log = filepath.Join(c.dir, p.job.Name+".log")
	p.job.Seed = uint64(p.life)
	c.logs = append(c.logs, p.job.Log)
	p.cmd = p.job.command(c.T)
	p.said.Reset()
	p.cmd.Stderr = &p.said
	if err := p.cmd.Start(); err != nil {
		c.Fatal(err)
	}
	p.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
}

// command is the process of a job. It is killed when the test ends.
func (j job) command(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self) //nolint:gosec,noctx // This test's own executable.
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill() // It may be gone already.
		}
	})
	return cmd
}

// blow is something that befalls the crew.
type blow func()

// work has the workers meet their quotas, and deals the blows on the way, evenly by what
// was asked.
func (c *crew) work(blows []blow) {
	c.Helper()
	for i := range c.workers {
		c.workers[i] = &process{job: job{URL: c.url, Worker: i, Quota: c.quota, Plan: c.plan}}
		c.start(c.workers[i])
	}
	clk := clock.System{}
	limit := clk.Now().Add(time.Hour)
	// Each append that is acknowledged is two lines, so all blows are dealt before the end.
	every := 2 * c.quota * len(c.workers) / (len(blows) + 1)
	dealt := 0
	for over := 0; over < len(c.workers); {
		if clk.Now().After(limit) {
			c.Fatal("the workers did not come to an end")
		}
		if dealt < len(blows) && c.lines() >= (dealt+1)*every {
			blows[dealt]()
			dealt++
		}
		over = 0
		for _, p := range c.workers {
			if p.over || c.look(p) {
				over++
			}
		}
		_ = clk.Sleep(c.Context(), 5*time.Millisecond)
	}
	if dealt < len(blows) {
		c.Errorf("%d of %d blows were dealt", dealt, len(blows))
	}
}

// lines estimates how many lines were written, by the size of the logs.
func (c *crew) lines() int {
	const line = 220 // bytes, as they have on average
	size := 0
	for _, log := range c.logs {
		if info, err := os.Stat(log); err == nil {
			size += int(info.Size())
		}
	}
	return size / line
}

// look begins another life for a worker that was killed, and says whether it is over.
func (c *crew) look(p *process) bool {
	c.Helper()
	select {
	case err := <-p.done:
		if err == nil {
			p.over = true
			return true
		}
		if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
			c.Fatalf("%s failed: %v\n%s", p.job.Name, err, p.said.String())
		}
		p.job.Done += c.acknowledged(p.job.Log)
		c.start(p)
	default:
	}
	return false
}

// running is a worker that is not over, or nil.
func (c *crew) running() *process {
	for range 100 {
		if p := c.workers[c.dice.IntN(len(c.workers))]; !p.over {
			return p
		}
	}
	return nil
}

// kill is kill -9 of some worker, wherever it is.
func (c *crew) kill() {
	if p := c.running(); p != nil {
		_ = p.cmd.Process.Kill() // It may have ended by itself.
	}
}

// pause stops some worker until its leases have expired for everybody else.
func (c *crew) pause() {
	p := c.running()
	if p == nil {
		return
	}
	process := p.cmd.Process
	if process.Signal(syscall.SIGSTOP) != nil {
		return // It has ended by itself.
	}
	go func() {
		_ = (clock.System{}).Sleep(context.WithoutCancel(c.Context()), 2*c.plan.TTL)
		_ = process.Signal(syscall.SIGCONT)
	}()
}

// acknowledged counts the appends that a life was told of.
func (c *crew) acknowledged(log string) int {
	c.Helper()
	ops := c.read(log)
	ids := map[string]bool{}
	for _, o := range ops {
		if o.Call.Verb == history.Append && !o.Open() && o.Reply.Kind == history.OK {
			ids[o.Call.Entry.ID] = true
		}
	}
	return len(ids)
}

// read reads logs as one history.
func (c *crew) read(logs ...string) []history.Op {
	c.Helper()
	var lines []history.Line
	for _, log := range logs {
		f, err := os.Open(log)
		if os.IsNotExist(err) {
			continue // Its process was killed before it opened the log.
		}
		if err != nil {
			c.Fatal(err)
		}
		more, err := history.ReadLines(f)
		if err != nil {
			c.Fatalf("%s: %v", strings.TrimPrefix(log, c.dir), err)
		}
		lines = append(lines, more...)
		if err := f.Close(); err != nil {
			c.Fatal(err)
		}
	}
	ops, err := history.Join(lines)
	if err != nil {
		c.Fatal(err)
	}
	return ops
}
