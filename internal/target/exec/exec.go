// Package exec is the driver for anybody's program: the deployment contract over
// its standard input and output, one run for each verb.
package exec

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name and its attribute.
const Name = "exec"

// The verbs of a request, which are the last parts of the paths over HTTP.
const (
	VerbCapabilities = "capabilities"
	VerbObservation  = "observation"
	VerbPreflight    = "preflight"
	VerbPrepare      = "prepare"
	VerbTraffic      = "traffic"
	VerbComplete     = "complete"
	VerbRevert       = "revert"
	VerbFinalize     = "finalize"
)

// Format is the version of the protocol, which every request carries.
const Format = 1

// Request is what a program reads from its standard input: one JSON object.
type Request struct {
	Contract int    `json:"contract"`
	Verb     string `json:"verb"`
	// Key is the idempotency key of a change, empty for what only reads.
	Key string `json:"key,omitempty"`
	// Body is what a server of the contract gets as the body of the verb's call. It
	// is left out where the call has none.
	Body any `json:"body,omitempty"`
}

// Reply is what a program writes to its standard output: one JSON object with
// exactly one of its fields.
type Reply struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// Driver is the exec driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: open}
}

func open(_ context.Context, raw json.RawMessage, _ target.Deps) (target.Target, error) {
	c, err := parse(raw)
	if err != nil {
		return nil, err
	}
	return New(c)
}

// New makes the target that the configuration names. It runs nothing.
func New(c Config) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	timeout, err := c.timeout()
	if err != nil {
		return nil, err
	}
	return &Target{config: c, timeout: timeout}, nil
}

// Target speaks the deployment contract with a program. It is safe for
// concurrent use as far as the program is. Each verb runs it once; nothing is
// repeated.
type Target struct {
	config  Config
	timeout time.Duration
}

var _ target.Target = (*Target)(nil)

// Capabilities implements target.Target.
func (t *Target) Capabilities(ctx context.Context) (target.Capabilities, error) {
	var c target.Capabilities
	err := t.call(ctx, Request{Verb: VerbCapabilities}, &c)
	return c, err
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	var o wire.Observation
	if err := t.call(ctx, Request{Verb: VerbObservation}, &o); err != nil {
		return target.Observation{}, err
	}
	out, err := o.Target()
	if err != nil {
		return target.Observation{}, t.broken(VerbObservation, false, err, nil)
	}
	return out, nil
}

// Preflight implements target.Target.
func (t *Target) Preflight(ctx context.Context, payload artifact.Payload) ([]target.Obstacle, error) {
	var o wire.Obstacles
	err := t.call(ctx, Request{Verb: VerbPreflight, Body: wire.Preflight{Payload: payload}}, &o)
	return o.Obstacles, err
}

// Prepare implements target.Target.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	return t.change(ctx, VerbPrepare, req.Key, wire.Prepare{Fence: req.Fence, Payload: req.Payload})
}

// Apply implements target.Target.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	return t.change(ctx, VerbTraffic, req.Key, wire.Traffic{
		Fence: req.Fence, Traffic: req.Traffic, ExpectedFingerprint: req.ExpectedFingerprint,
		RevertAfterSeconds: wire.Seconds(req.RevertAfter),
	})
}

// Complete implements target.Target.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbComplete, req.Key, wire.Write{Fence: req.Fence})
}

// Revert implements target.Target.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbRevert, req.Key, wire.Write{Fence: req.Fence})
}

// Finalize implements target.Target.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbFinalize, req.Key, wire.Write{Fence: req.Fence})
}

func (t *Target) change(ctx context.Context, verb, key string, body any) (target.Progress, error) {
	if key == "" {
		return target.Progress{}, &target.Error{Code: target.CodeInvalid, Message: "the change has no idempotency key"}
	}
	var p wire.Progress
	if err := t.call(ctx, Request{Verb: verb, Key: key, Body: body}, &p); err != nil {
		return target.Progress{}, err
	}
	out, err := p.Target()
	if err != nil {
		return target.Progress{}, t.broken(verb, true, err, nil)
	}
	return out, nil
}
