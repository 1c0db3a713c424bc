// Package lab is a runtime on one machine to try releases on: the reference
// server of the deployment contract. It runs artifacts as real child processes
// behind a reverse proxy that routes by weight and cohort and mirrors, counts what they answer, and can be made to
// fail in every way that a driver must survive.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The addresses where the lab listens when nobody says otherwise.
const (
	DefaultListen  = "127.0.0.1:7070"
	DefaultTraffic = "127.0.0.1:7071"
)

// Config says how to run a lab. The zero value with Artifacts set works.
type Config struct {
	// Artifacts is the directory of the artifact files (*.json).
	Artifacts string
	// Listen is for the contract, the metrics and the admin calls; TrafficListen
	// for the service's users. Port 0 takes a free one.
	Listen, TrafficListen string
	// Traffic is how many requests a second the lab sends itself, 0 to MaxTraffic.
	Traffic float64
	// Marked are requests of that traffic that belong to a cohort; nil for none.
	Marked *Marked
	// Instances is how many processes an arm has, 1 to MaxInstances; 0 means 1. A batch
	// moves them one by one, so shares between 0 and 100 need at least 2.
	Instances int
	// NoCohorts, NoMirror and NoBatches make a lab without the capability, to see
	// what happens there.
	NoCohorts, NoMirror, NoBatches bool
	// State is the file in which the lab keeps what it serves over a restart; none
	// when empty.
	State string
	// Token is the bearer token that contract and admin calls must show; none when
	// empty. The metrics are open.
	Token string
	// Seed decides the random choices between the arms; 0 means 1.
	Seed uint64
	// Command starts a child. Its zero value means this executable with the
	// arguments "lab serve".
	Command process.Command
	// Clock decides when the dead-man switch fires; nil means the machine's.
	// Processes, health checks and latencies are real and always use the machine's.
	Clock clock.Clock
	// Log receives what the children write to standard error; nil drops it.
	Log io.Writer
}

// Addresses says where a running lab is, as base URLs without a slash at the end.
type Addresses struct {
	// Contract is the url of a contract target.
	Contract string `json:"contract"`
	Metrics  string `json:"metrics"`
	Admin    string `json:"admin"`
	Traffic  string `json:"traffic"`
}

func (c Config) withDefaults() (Config, error) {
	if c.Artifacts == "" {
		return c, errors.New("the lab needs a directory of artifact files, for example --artifacts examples/quickstart/artifacts")
	}
	if _, err := service.List(c.Artifacts); err != nil {
		return c, err
	}
	if c.Traffic < 0 || c.Traffic > MaxTraffic {
		return c, fmt.Errorf("the traffic is %g a second; it must be between 0 and %d, for example 50", c.Traffic, MaxTraffic)
	}
	if err := c.Marked.problem(); err != nil {
		return c, err
	}
	if c.Instances < 0 || c.Instances > MaxInstances {
		return c, fmt.Errorf("the instances are %d; an arm has 1 to %d, for example 4", c.Instances, MaxInstances)
	}
	c.Instances = max(c.Instances, 1)
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.TrafficListen == "" {
		c.TrafficListen = DefaultTraffic
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Command.Path == "" {
		self, err := os.Executable()
		if err != nil {
			return c, fmt.Errorf("finding this executable: %w", err)
		}
		c.Command.Path, c.Command.Args = self, ServeArgs()
	}
	c.Command.Log = c.Log
	return c, nil
}

// MaxInstances is how many processes an arm can have.
const MaxInstances = 16

func (c Config) capabilities() target.Capabilities {
	return target.Capabilities{Weights: true, Cohorts: !c.NoCohorts, Mirror: !c.NoMirror, Batches: !c.NoBatches,
		RevertAfter: true, ConditionalWrite: true}
}

// Run runs a lab until ctx ends. It calls ready once, when both ports are open.
// All children are gone when it returns.
func Run(ctx context.Context, cfg Config, ready func(Addresses)) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	api, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("opening the lab's port: %w", err)
	}
	defer func() { _ = api.Close() }() // The server closes it too.
	users, err := net.Listen("tcp", cfg.TrafficListen)
	if err != nil {
		return fmt.Errorf("opening the port for traffic: %w", err)
	}
	defer func() { _ = users.Close() }() // The server closes it too.
	base := "http://" + api.Addr().String()
	where := Addresses{Contract: base, Metrics: base + "/metrics", Admin: base + "/admin", Traffic: "http://" + users.Addr().String()}

	metrics := router.NewMetrics()
	data := router.New(clock.System{}, metrics, cfg.Seed)
	ctl, err := newController(cfg, data, metrics)
	if err != nil {
		return err
	}
	defer ctl.close()
	load := newTraffic(clock.System{}, where.Traffic, metrics)
	load.SetRate(cfg.Traffic)
	load.SetMarked(cfg.Marked)
	admin := &admin{control: ctl, data: data, load: load, where: where, token: cfg.Token}
	return serveAll(ctx, func() { ready(where) }, ctl, load,
		web{api, admin.handler(metrics)}, web{users, data})
}

type web struct {
	net.Listener
	http.Handler
}

// serveAll runs everything until ctx ends or one server fails.
func serveAll(ctx context.Context, ready func(), ctl *controller, load *traffic, webs ...web) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	failed := make(chan error, len(webs))
	servers := make([]*http.Server, 0, len(webs))
	for _, w := range webs {
		server := &http.Server{Handler: w.Handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		all.Go(func() {
			if err := server.Serve(w.Listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serving: %w", err)
				stop()
			}
		})
	}
	all.Go(func() { ctl.watchSwitch(ctx) })
	all.Go(func() { load.run(ctx) })
	ready()
	<-ctx.Done()
	for _, server := range servers {
		_ = server.Close() // Ending at once is what a lab shall do.
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// ServeArgs are the arguments with which a child is started where the Command
// names none: the executable must then call ServeArtifact with what follows.
func ServeArgs() []string { return []string{"lab", "serve"} }

// ServeArtifact is the whole of a child process. Its arguments are those behind
// ServeArgs (see service.ParseFlags); it serves one artifact until ctx or its
// parent ends.
func ServeArtifact(ctx context.Context, args []string) error {
	opts, err := service.ParseFlags(args)
	if err != nil {
		return err
	}
	return service.Serve(ctx, opts)
}

// Artifacts lists the artifact files of a directory with their references.
func Artifacts(dir string) ([]service.Found, error) { return service.List(dir) }
