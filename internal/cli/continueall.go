package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// continuedAtOnce bounds how many rollouts one run drives side by side.
const continuedAtOnce = 8

// continuedJSON is what sluice continue --all --json writes of each release.
type continuedJSON struct {
	Release string `json:"release"`
	// Result is shipped, rolled_back, aborted, errored, unchanged or open; driven where
	// somebody else drives it, and failed where it could not be driven on.
	Result  string       `json:"result"`
	Rollout *rolloutJSON `json:"rollout"`
	// Driver is who drives it instead, and Error why it could not be driven on.
	Driver string `json:"driver,omitempty"`
	Error  string `json:"error,omitempty"`

	err  error
	text string
}

// The results that only a run over all knows.
const (
	resultDriven = "driven"
	resultFailed = "failed"
)

// continueAll goes on with every open rollout. A rollout over many targets drives
// those itself, so its parts are left to it. Where what is above is given wrongly, only
// what goes back goes on.
func (a *app) continueAll(ctx context.Context, l ledger.Ledger, stay release.Stay, wrong error) error {
	keys, err := releases(ctx, l)
	if err != nil {
		return err
	}
	var open []release.Key
	var left []string
	for _, key := range wholes(keys) {
		h, err := history(ctx, l, key)
		if err != nil {
			return err
		}
		switch {
		case h.Open() == nil && h.BackRequest == nil:
		case wrong == nil || returning(h):
			open = append(open, key)
		default:
			left = append(left, key.String())
		}
	}
	switch {
	case wrong != nil && len(open) == 0:
		return wrong
	case len(left) > 0:
		wrong = fmt.Errorf("what goes forward was left as it is, %s: %s", strings.Join(left, ", "), wrong.Error())
	default:
		wrong = nil
	}
	done := a.continueEach(ctx, a.engine(l), open, stay)
	if a.asJSON {
		return errors.Join(worst(done), wrong, a.writeJSON(done))
	}
	if len(done) == 0 {
		a.say("No rollout is open.")
	}
	for _, c := range done {
		a.say("%s", c.text)
	}
	return errors.Join(worst(done), wrong)
}

// continueEach drives so many at once, and gives the results in the order of the
// releases.
func (a *app) continueEach(ctx context.Context, e *release.Engine, keys []release.Key, stay release.Stay) []continuedJSON {
	done := make([]continuedJSON, len(keys))
	places := make(chan struct{}, continuedAtOnce)
	var wg sync.WaitGroup
	for i, key := range keys {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			out, err := e.ContinueFor(ctx, key, stay)
			done[i] = a.continued(key, out, err)
		})
	}
	wg.Wait()
	return done
}

// continued says what became of one release.
func (a *app) continued(key release.Key, out release.Outcome, err error) continuedJSON {
	c := continuedJSON{Release: key.String(), Result: string(out.Result), Rollout: toRollout(key, out.Rollout, a.clock.Now()), err: err, text: operator.Continued(key, out)}
	var held *ledger.HeldError
	var ended *release.EndedError
	switch {
	case err == nil:
	case errors.As(err, &held):
		c.Result, c.Driver, c.err = resultDriven, held.Lease.Holder, nil
		c.text = fmt.Sprintf("%s is driven by %s.", key, held.GoesOn())
	case errors.As(err, &ended):
		c.Error = err.Error()
	default:
		c.Result, c.Error = resultFailed, err.Error()
		c.text = fmt.Sprintf("%s could not be driven on: %v", key, err)
	}
	return c
}

// worst is the error that counts most: what failed, then what went back, then what is
// blocked. It is nil where nothing went wrong.
func worst(done []continuedJSON) error {
	rank := map[int]int{Done: 0, Blocked: 1, RolledBack: 2, BadUsage: 3, Failed: 3}
	code, bad := Done, 0
	for _, c := range done {
		if c.err == nil {
			continue
		}
		bad++
		if at := ExitCode(c.err); rank[at] > rank[code] {
			code = at
		}
	}
	if bad == 0 {
		return nil
	}
	return &ExitError{Code: code, Err: fmt.Errorf("%d of %d open rollouts did not go well; see: sluice status", bad, len(done))}
}
