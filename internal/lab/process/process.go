// Package process runs the lab's services as real child processes: it starts
// them, asks for their health, starts them again when they crash, and sees that
// none outlives the lab.
package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Command says how to start one child. The arguments for the service follow
// Args: --artifact FILE --digest D --configuration-digest C --listen ADDRESS.
type Command struct {
	// Path is the executable; Args come first, for example "lab", "serve".
	Path string
	Args []string
	// Env is added to this process's environment.
	Env []string
	// Log receives what children write to standard error; nil drops it.
	Log io.Writer
}

// Crash loops: so many ends within the span make an arm unhealthy until it has
// lived that long without one.
const (
	loopCrashes = 3
	loopSpan    = 30 * time.Second
)

const (
	pollStarting = 20 * time.Millisecond
	pollRunning  = 250 * time.Millisecond
	probeTimeout = time.Second
	// unhealthyAfter failed probes in a row.
	unhealthyAfter = 3
	maxBackoff     = 5 * time.Second
)

// Child is one supervised service. It is safe for concurrent use.
type Child struct {
	clock  clock.Clock
	cmd    Command
	args   []string
	probe  *http.Client
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	address  string
	health   target.Health
	crashes  []time.Time
	restarts int
	process  *os.Process
}

// Status says how a child is.
type Status struct {
	Address  string        `json:"address,omitempty"`
	Health   target.Health `json:"health"`
	PID      int           `json:"pid,omitempty"`
	Restarts int           `json:"restarts"`
}

// Start begins to run the artifact with the configuration and returns at once.
// Stop ends it.
func Start(clk clock.Clock, cmd Command, found service.Found, configuration string) *Child {
	ctx, cancel := context.WithCancel(context.Background())
	args := append(append([]string(nil), cmd.Args...), "--artifact", found.Path, "--digest", found.Digest,
		"--configuration-digest", configuration, "--listen", "127.0.0.1:0")
	c := &Child{clock: clk, cmd: cmd, args: args, cancel: cancel, ended: make(chan struct{}),
		health: target.HealthUnknown, probe: &http.Client{Timeout: probeTimeout, Transport: &http.Transport{}}}
	go c.supervise(ctx)
	return c
}

// Stop ends the child and waits until its process is gone.
func (c *Child) Stop() {
	c.cancel()
	<-c.ended
}

// Kill ends the process as a crash would; it is started again.
func (c *Child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		_ = c.process.Kill() // It may have ended by itself just now.
	}
}

// Status says how the child is now.
func (c *Child) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{Address: c.address, Health: c.health, Restarts: c.restarts}
	if c.process != nil {
		s.PID = c.process.Pid
	}
	return s
}

// Address says where the child listens, empty while it is down.
func (c *Child) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address
}

// supervise starts the process again and again until ctx ends.
func (c *Child) supervise(ctx context.Context) {
	defer close(c.ended)
	backoff := 50 * time.Millisecond
	for ctx.Err() == nil {
		began := c.clock.Now()
		if err := c.once(ctx); err != nil && ctx.Err() == nil {
			c.log(err)
		}
		if c.clock.Now().Sub(began) > loopSpan {
			backoff = 50 * time.Millisecond
		}
		c.crashed()
		if c.clock.Sleep(ctx, backoff) != nil {
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (c *Child) log(err error) {
	if c.cmd.Log != nil {
		// A log that cannot be written has nowhere to say so.
		_, _ = fmt.Fprintf(c.cmd.Log, "lab: %s: %v\n", strings.Join(c.args, " "), err)
	}
}

// once runs the process until it ends.
func (c *Child) once(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.cmd.Path, c.args...) //nolint:gosec // The lab starts its own executable.
	cmd.Env = append(os.Environ(), c.cmd.Env...)
	cmd.Stderr = c.cmd.Log
	dieWithParent(cmd)
	// The child ends when this pipe does, however this process ends.
	if _, err := cmd.StdinPipe(); err != nil {
		return fmt.Errorf("making the pipe that holds the child: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("making the pipe to the child: %w", err)
	}
	unlock := lockThread()
	defer unlock()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the child: %w", err)
	}
	c.mu.Lock()
	c.process = cmd.Process
	c.mu.Unlock()
	watch, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		c.watch(watch, out)
	}()
	err = cmd.Wait() // Closes the pipe, so that watch cannot hang on it.
	stop()
	<-watched
	if cmd.ProcessState == nil {
		return fmt.Errorf("waiting for the child: %w", err)
	}
	return fmt.Errorf("the child ended: %s", cmd.ProcessState)
}

// watch reads where the child listens, and probes it until ctx ends.
func (c *Child) watch(ctx context.Context, out io.Reader) {
	var ready service.Ready
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		return // The process ended before it was ready; once says so.
	}
	c.mu.Lock()
	c.address = ready.Address
	c.mu.Unlock()
	poll, failed := pollStarting, 0
	for ctx.Err() == nil {
		if c.healthy(ctx, ready.Address) {
			poll, failed = pollRunning, 0
			c.setHealth(target.Healthy)
		} else if failed++; poll == pollRunning && failed >= unhealthyAfter {
			c.setHealth(target.Unhealthy)
		}
		if c.clock.Sleep(ctx, poll) != nil {
			return
		}
	}
}

func (c *Child) healthy(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := c.probe.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // It is empty.
	return resp.StatusCode == http.StatusNoContent
}

// setHealth notes a probe's answer; a crash loop outweighs a good one.
func (c *Child) setHealth(h target.Health) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.looping() {
		h = target.Unhealthy
	}
	c.health = h
}

func (c *Child) crashed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process, c.address = nil, ""
	c.restarts++
	c.crashes = append(c.crashes, c.clock.Now())
	c.health = target.HealthUnknown
	if c.looping() {
		c.health = target.Unhealthy
	}
}

// looping reports whether the last crashes came too fast. The lock is held.
func (c *Child) looping() bool {
	now := c.clock.Now()
	for len(c.crashes) > 0 && now.Sub(c.crashes[0]) > loopSpan {
		c.crashes = c.crashes[1:]
	}
	return len(c.crashes) >= loopCrashes
}
