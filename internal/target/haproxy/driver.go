package haproxy

import (
	"context"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name and its attribute.
const Name = "haproxy"

// identityTimeout bounds the question to one server.
const identityTimeout = 2 * time.Second

// Driver is the haproxy driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: wire.Open(parse, New)}
}

// New makes the target that the configuration names. It does not connect.
func New(c Config, deps target.Deps) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	site, err := haproxy.NewSite(c.Layout)
	if err != nil {
		return nil, err
	}
	site.Map = c.CohortMap
	drain, _ := within(c.Drain, DefaultDrain, 0, maxDrain, "")
	client := httpclient.New(httpclient.Options{UserAgent: deps.UserAgent, Timeout: identityTimeout})
	return &Target{config: c, site: site, drain: drain, http: client}, nil
}

// Target moves the weights of servers. It remembers nothing between calls: who
// is the baseline is the weight of a server that takes no traffic, so that it
// lives and dies with the other weights. It is safe for concurrent use.
type Target struct {
	config Config
	site   *haproxy.Site
	drain  time.Duration
	http   *httpclient.Client
}

var _ target.Target = (*Target)(nil)

// Capabilities implements target.Target. HAProxy carries out whatever command
// comes, so there is no conditional write, and it does nothing by itself when a
// driver dies, so there is no dead-man switch. Cohorts need the author's map. A
// mirror would need an agent of its own (SPOE), which nobody could see over the
// socket. Batches would need servers that weights tell apart within an arm, and a
// place in HAProxy for min_healthy.
func (t *Target) Capabilities(context.Context) (target.Capabilities, error) {
	return target.Capabilities{Weights: true, Cohorts: t.config.CohortMap != ""}, nil
}

// read says how HAProxy is, after commands that may be none.
func (t *Target) read(ctx context.Context, commands ...string) (haproxy.View, error) {
	v, err := t.site.Read(ctx, commands...)
	if err == nil {
		return v, nil
	}
	e := &target.Error{Code: target.CodeUnavailable, Err: err, MaybeDone: len(commands) > 0,
		Message: "HAProxy gave no usable answer at " + t.site.Client.Socket(),
		Remedy:  "see that HAProxy runs and that the socket is its stats socket"}
	switch {
	case errors.Is(err, haproxy.ErrPermission):
		e.Code, e.MaybeDone = target.CodeUnauthorized, false
		e.Message = "this user may not open HAProxy's socket " + t.site.Client.Socket()
		e.Remedy = socketRemedy
	case errors.Is(err, haproxy.ErrLayout):
		e.Code, e.Message = target.CodeNotFound, "HAProxy at "+t.site.Client.Socket()+" is not as configured"
		e.Remedy = "make haproxy.cfg and the target's attributes agree"
	case errors.Is(err, haproxy.ErrUnreachable):
		e.MaybeDone, e.Message = false, "HAProxy does not answer at "+t.site.Client.Socket()
		if haproxy.Absent(err) {
			e.Remedy = "nothing listens there: see that HAProxy runs and has a line such as: stats socket /run/haproxy/admin.sock level admin"
		}
	}
	return v, e
}

const socketRemedy = "give the user that drives rollouts the socket's group, for example: stats socket /run/haproxy/admin.sock mode 660 group deploy level admin"
