package contract

import (
	"context"
	"net/http"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name and its attribute.
const Name = "contract"

// Driver is the contract driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: wire.Open(parse, New)}
}

// New makes the target that the configuration names. It does not connect.
func New(c Config, deps target.Deps) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	return newTarget(c, deps)
}

// Target speaks the deployment contract. It is safe for concurrent use. Each
// verb makes one request; one that got no usable answer is repeated once, which
// is safe since changes carry their idempotency key.
type Target struct {
	call *caller
}

var _ target.Target = (*Target)(nil)

// CredentialsEnd implements credential.Ender.
func (t *Target) CredentialsEnd() credential.End {
	return t.call.token.CredentialsEnd()
}

// Capabilities implements target.Target.
func (t *Target) Capabilities(ctx context.Context) (target.Capabilities, error) {
	var c target.Capabilities
	return c, t.call.do(ctx, http.MethodGet, wire.PathCapabilities, "", nil, &c)
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	var o wire.Observation
	if err := t.call.do(ctx, http.MethodGet, wire.PathObservation, "", nil, &o); err != nil {
		return target.Observation{}, err
	}
	out, err := o.Target()
	if err != nil {
		return target.Observation{}, t.call.broken(http.MethodGet, wire.PathObservation, false, err)
	}
	return out, nil
}

// Preflight implements target.Target.
func (t *Target) Preflight(ctx context.Context, payload artifact.Payload) ([]target.Obstacle, error) {
	var o wire.Obstacles
	if err := t.call.do(ctx, http.MethodPost, wire.PathPreflight, "", wire.Preflight{Payload: payload}, &o); err != nil {
		return nil, err
	}
	if o.Obstacles == nil {
		return nil, t.call.broken(http.MethodPost, wire.PathPreflight, false, errNoObstacles)
	}
	return o.Obstacles, nil
}

// Prepare implements target.Target.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	return t.change(ctx, http.MethodPost, wire.PathPrepare, req.Key, wire.Prepare{Fence: req.Fence, Payload: req.Payload})
}

// Apply implements target.Target.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	return t.change(ctx, http.MethodPut, wire.PathTraffic, req.Key, wire.Traffic{
		Fence: req.Fence, Traffic: req.Traffic, ExpectedFingerprint: req.ExpectedFingerprint,
		RevertAfterSeconds: wire.Seconds(req.RevertAfter),
	})
}

// Complete implements target.Target.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, http.MethodPost, wire.PathComplete, req.Key, wire.Write{Fence: req.Fence})
}

// Revert implements target.Target.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, http.MethodPost, wire.PathRevert, req.Key, wire.Write{Fence: req.Fence})
}

// Finalize implements target.Target.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, http.MethodPost, wire.PathFinalize, req.Key, wire.Write{Fence: req.Fence})
}

func (t *Target) change(ctx context.Context, method, path, key string, body any) (target.Progress, error) {
	if key == "" {
		return target.Progress{}, &target.Error{Code: target.CodeInvalid, Message: "the change has no idempotency key"}
	}
	var p wire.Progress
	if err := t.call.do(ctx, method, path, key, body, &p); err != nil {
		return target.Progress{}, err
	}
	out, err := p.Target()
	if err != nil {
		return target.Progress{}, t.call.broken(method, path, true, err)
	}
	return out, nil
}
