// Package client is what the provider block comes to: one ledger, opened when it
// is needed, and the engine that works on it. Each provider process has one.
package client

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/gate/dependency"
	driftgate "github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// World is what the provider stands on. Tests put their own clock and drivers in.
type World struct {
	Clock   clock.Clock
	Targets target.Registry
	Signals signal.Registry
	// Getenv reads the environment, and Dir is the working directory.
	Getenv func(string) string
	Dir    string
	// Version is the binary's.
	Version string
	// Patience is for how long a provider that is configured waits for the first word of
	// its ledger; 0 means a second.
	Patience time.Duration
	// Verifier is the program that verifies signatures; empty means the one beside this
	// executable.
	Verifier string
}

// Client is the configured provider. It is safe for concurrent use.
type Client struct {
	World
	// Unknown is true when the provider block is not known yet. The ledger must
	// then be left alone, and what it would say is unknown.
	Unknown bool
	// URL names the ledger.
	URL string
	// Scopes says which scope the ledger is that of, and what is above it.
	Scopes scope.Config
	// Actor is who acts, for the record: "ci@acme".
	Actor string
	// LeaseTTL is after how long without a sign of life another driver may take
	// over; 0 takes the engine's default.
	LeaseTTL time.Duration
	// Until is when the whole run must have returned, zero for no limit.
	Until time.Time

	mu      sync.Mutex
	holder  string
	bound   bool
	above   map[string]aboves
	open    ledger.Ledger
	reading ledger.Ledger
	// opening is what is under way for Existing; nil where nothing is.
	opening *opening
	planned map[release.Key]bool
	lost    map[release.Key]error
	checks  check.Runner
	// moved tells once that the ledger has moved.
	moved diags.Once
	// looks are those that forecasts share, on the ledger looksOn.
	looks   driftgate.Look
	looksOn ledger.Ledger
	// told delivers notifications, from the ledger toldOn.
	told   *notify.Background
	toldOn ledger.Ledger
}

// upwards looks from a ledger at those of the scopes above.
func (c *Client) upwards(l ledger.Ledger) ledger.Ledger {
	return scope.New(l, c.Scopes, func(ctx context.Context, url string) (ledger.Ledger, error) {
		return ledgers.Open(ctx, url, ledgers.Options{ReadOnly: true, Clock: c.Clock})
	}, c.Clock)
}

// stillHere refuses a ledger that has moved, so that a plan says so and not the apply
// after it. One that is only being moved can still be read. Each object of a configuration
// meets it, so it is told once.
func (c *Client) stillHere(ctx context.Context) func(ledger.Ledger, error) (ledger.Ledger, error) {
	return func(l ledger.Ledger, err error) (ledger.Ledger, error) {
		if err != nil {
			return l, err
		}
		if err := ledger.StillHere(ctx, l); err != nil {
			return nil, errors.Join(c.moved.Mark(err), l.Close())
		}
		return l, nil
	}
}

// Writing opens the ledger for an apply, and creates it where there is none.
func (c *Client) Writing(ctx context.Context) (ledger.Ledger, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		l, err := c.stillHere(ctx)(ledgers.Open(ctx, c.URL, ledgers.Options{Clock: c.Clock}))
		if err != nil {
			return l, err
		}
		c.open = c.upwards(l)
	}
	if !c.bound {
		// Whose it is stands in it from the first use on, and where nobody says whose, what
		// the ledger says is above must have been given.
		if _, err := scope.Bind(ctx, c.open, c.Scopes, c.Actor, c.Clock.Now()); err != nil {
			return nil, err
		}
		c.bound = true
	}
	return c.open, nil
}

// Same opens the ledger that a state was written against: one that is missing is
// ledger.ErrMissing, another one ledger.ErrOtherLedger, both in a
// *ledger.BoundError. An empty id takes any.
func (c *Client) Same(ctx context.Context, id string) (ledger.Ledger, error) {
	l, err := c.Existing(ctx)
	switch {
	case id == "":
		return l, err
	case errors.Is(err, ledger.ErrMissing):
		return l, &ledger.BoundError{Want: id, Err: err}
	case err != nil:
		return l, err
	}
	return l, ledger.CheckID(ctx, l, id)
}

// Forecasting gives the ledger for a plan's questions: an empty one in memory
// where there is none yet, since a plan creates nothing.
func (c *Client) Forecasting(ctx context.Context) (ledger.Ledger, error) {
	l, err := c.Existing(ctx)
	if errors.Is(err, ledger.ErrMissing) {
		return c.upwards(mem.New(c.Clock.Now())), nil
	}
	return l, err
}

// Engine makes an engine on a ledger.
func (c *Client) Engine(l ledger.Ledger) *release.Engine {
	return &release.Engine{
		Ledger: c.telling(l).Watched(l), Clock: c.Clock, Targets: c.Targets, Signals: c.Signals, Gates: gates.New(l, c.Looker(l).Look, c.Checks()),
		After: dependency.New(l, c.Checks()).After, Checks: check.HTTP{Clock: c.Clock, UserAgent: c.UserAgent()},
		Actor: c.Actor, Holder: c.holderID(), UserAgent: c.UserAgent(),
		LeaseTTL: c.LeaseTTL, SpoolDir: c.spool(),
	}
}

// Forecaster makes an engine that only foresees: its forecasts share the looks for
// drift, of which each would otherwise make its own.
func (c *Client) Forecaster(l ledger.Ledger) *release.Engine {
	e := c.Engine(l)
	c.mu.Lock()
	if c.looks == nil || c.looksOn != l {
		c.looks, c.looksOn = driftgate.Shared(c.Looker(l).Look, c.Clock, looksKept), l
	}
	look := c.looks
	c.mu.Unlock()
	e.Gates = gates.New(l, look, c.Checks())
	return e
}

// looksKept is how long a look for drift is good for the forecasts of one plan.
const looksKept = 10 * time.Second

// Looker makes what looks for drift. It has an engine of its own that asks no gate,
// since a gate asks it.
func (c *Client) Looker(l ledger.Ledger) drift.Looker {
	return drift.Looker{
		Engine:    &release.Engine{Ledger: l, Clock: c.Clock, Targets: c.Targets, UserAgent: c.UserAgent()},
		Documents: document.Reader{UserAgent: c.UserAgent()},
		Cloud:     observed.Reader{Actor: c.Actor, UserAgent: c.UserAgent()},
	}
}

// checksKept is how long the answer to a health check is good for those who ask next,
// such as the forecasts of one plan.
const checksKept = 2 * time.Second

// Checks is what asks health checks over HTTP.
func (c *Client) Checks() check.Runner {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.checks == nil {
		c.checks = check.NewCached(check.HTTP{Clock: c.Clock, UserAgent: c.UserAgent()}, c.Clock, checksKept)
	}
	return c.checks
}

// UserAgent is how this provider calls itself: "product/version".
func (c *Client) UserAgent() string { return "terraform-provider-sluice/" + c.Version }

// holderID names this process for leases.
func (c *Client) holderID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holder == "" {
		c.holder = c.Actor + " " + uuid.NewString()
	}
	return c.holder
}

// spool is the folder where a revert's records wait while the ledger is away: beside
// it where it is a file, and else in the working directory.
func (c *Client) spool() string {
	path, ok := ledgers.SQLitePath(c.URL)
	if !ok {
		return filepath.Join(".sluice", "spool")
	}
	return filepath.Join(filepath.Dir(path), "spool")
}

// Plan notes that this plan opens a rollout of the release, so that a drift check
// behind it plans no repair.
func (c *Client) Plan(key release.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.planned == nil {
		c.planned = map[release.Key]bool{}
	}
	c.planned[key] = true
}

// Planned reports whether this plan opens a rollout of the release.
func (c *Client) Planned(key release.Key) bool {
	return c.PlannedAny(func(k release.Key) bool { return k == key })
}

// PlannedAny reports whether this plan opens a rollout of any release that is so.
func (c *Client) PlannedAny(so func(release.Key) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.planned {
		if so(key) {
			return true
		}
	}
	return false
}

// Close lets go of the ledger. Terraform ends the process instead; tests call it.
func (c *Client) Close() error {
	c.opened()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told != nil {
		c.told.Stop()
	}
	var err error
	for _, l := range []ledger.Ledger{c.open, c.reading} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	c.open, c.reading = nil, nil
	return err
}

// Lose notes that the ledger lacks records of the release which a state has seen, so that
// a drift check behind it does not bring back what such a ledger says.
func (c *Client) Lose(key release.Key, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == nil {
		c.lost = map[release.Key]error{}
	}
	c.lost[key] = err
}

// Lost is what a state has seen of the release and the ledger lacks; nil where that is
// nothing, or no state has said so.
func (c *Client) Lost(key release.Key) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost[key]
}
