package cli

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/gate/dependency"
	driftgate "github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// spoolDir is where a revert's records wait while the ledger is away.
var spoolDir = filepath.Join(".sluice", "spool")

// lookTimeout is how long a command waits for the target before it concludes that
// it has no access to it: somebody else may have.
const lookTimeout = operator.LookTimeout

// engine makes what drives releases, as this process.
func (a *app) engine(l ledger.Ledger) *release.Engine {
	actor := a.actor()
	told := l
	if a.background != nil {
		told = a.background.Watched(l)
	}
	return &release.Engine{
		Ledger: told, Clock: a.clock, Targets: a.targetDrivers(), Signals: a.signalDrivers(), Gates: gates.New(l, a.looker(l).Look, a.healthChecks()),
		After: dependency.New(l, a.healthChecks()).After, Checks: check.HTTP{Clock: a.clock, UserAgent: a.userAgent()},
		Actor: actor, Holder: actor + " " + uuid.NewString(), UserAgent: a.userAgent(),
		SpoolDir: spoolDir, LeaseTTL: a.leaseTTL,
	}
}

// forecaster makes an engine that only foresees: the forecasts of one command share
// the looks for drift.
func (a *app) forecaster(l ledger.Ledger) *release.Engine {
	if a.look == nil {
		a.look = driftgate.Shared(a.looker(l).Look, a.clock, looksKept)
	}
	e := a.engine(l)
	e.Gates = gates.New(l, a.look, a.healthChecks())
	return e
}

// looksKept is how long a look for drift is good for the forecasts of one command.
const looksKept = 10 * time.Second

// looker makes what looks for drift. It asks no gate, since a gate asks it.
func (a *app) looker(l ledger.Ledger) drift.Looker {
	return drift.Looker{
		Engine: &release.Engine{
			Ledger: l, Clock: a.clock, Targets: a.targetDrivers(), UserAgent: a.userAgent(), CallTimeout: lookTimeout,
		},
		Documents: document.Reader{UserAgent: a.userAgent()},
		Cloud:     observed.Reader{Actor: a.actor(), UserAgent: a.userAgent()},
	}
}

// checksKept is how long the answer to a health check is good for the next who asks,
// such as the forecasts of one plan.
const checksKept = 2 * time.Second

// healthChecks is what asks health checks over HTTP.
func (a *app) healthChecks() check.Runner {
	if a.checks == nil {
		a.checks = check.NewCached(check.HTTP{Clock: a.clock, UserAgent: a.userAgent()}, a.clock, checksKept)
	}
	return a.checks
}

func (a *app) userAgent() string { return "sluice/" + a.version }

func (a *app) targetDrivers() target.Registry {
	if a.drivers != nil {
		return a.drivers
	}
	return targets.Drivers()
}

func (a *app) signalDrivers() signal.Registry {
	if a.sources != nil {
		return a.sources
	}
	return signals.Drivers()
}

// operator acts for the person at this terminal.
func (a *app) operator(l ledger.Ledger) operator.Operator {
	return operator.Operator{Engine: a.engine(l)}
}

// outcomeJSON is what the commands that act write with --json.
type outcomeJSON struct {
	Release string `json:"release"`
	// Result is unchanged, adopted, shipped, rolled_back, aborted, errored or open.
	Result  string       `json:"result"`
	Rollout *rolloutJSON `json:"rollout"`
	// Payload is what the release wishes for now.
	Payload *payloadJSON `json:"payload"`
	// Serving is what the target last said, in words.
	Serving  string   `json:"serving"`
	Warnings []string `json:"warnings"`
}

// finish shows what is true after a call of the engine, whether it failed or not.
func (a *app) finish(key release.Key, out release.Outcome, err error, done string) error {
	if err != nil {
		err = a.told(err, key, out)
	}
	switch {
	case out.Result == "":
		return err
	case a.asJSON:
		warnings := append([]string{}, out.Warnings...)
		jsonErr := a.writeJSON(outcomeJSON{
			Release: key.String(), Result: string(out.Result), Rollout: toRollout(key, out.Rollout, a.clock.Now()),
			Payload: toPayloadOrNull(out.Payload), Serving: release.ServesText(out.Serving, time.Time{}), Warnings: warnings,
		})
		return errors.Join(err, jsonErr)
	case err == nil:
		for _, w := range out.Warnings {
			a.note("Warning: %s", w)
		}
		a.say("%s", done)
	}
	return err
}

// told gives an error of the engine the words that the provider uses too.
func (a *app) told(err error, key release.Key, out release.Outcome) error {
	return operator.Explain(err, key, out)
}
