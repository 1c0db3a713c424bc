package alb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/driver"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name and its attribute.
const Name = "alb"

// Driver is the alb driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: wire.Open(parse, New), Arms: driver.Tells(driver.ArmTargetGroup)}
}

// New makes the target that the configuration names. It does not connect.
func New(c Config, deps target.Deps) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	t := &Target{config: c, session: awscloud.NewSession(c.Settings, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent})}
	if deps.Release != "" {
		t.owner = mark(deps.Release)
	}
	t.fleet = t.newFleet()
	return t, nil
}

// Target moves weights between two target groups. It remembers nothing between calls
// that AWS could forget or change: all is read anew. It is safe for concurrent use.
type Target struct {
	config Config
	// owner marks the release whose target this is, empty where nobody said.
	owner   string
	session *awscloud.Session
	fleet   fleet

	mu   sync.Mutex
	made *balancer
}

var (
	_ target.Target    = (*Target)(nil)
	_ credential.Ender = (*Target)(nil)
	_ target.Sharer    = (*Target)(nil)
)

// Join implements target.Sharer.
func (t *Target) Join(line queue.Line) *queue.Place { return t.session.Join(line) }

// CredentialsEnd implements credential.Ender.
func (t *Target) CredentialsEnd() credential.End {
	return t.session.CredentialsEnd()
}

// Capabilities implements target.Target. The load balancer takes the last write
// whatever was read before, so there is no conditional write: the fence in the tags
// stops a driver that was replaced, and leaves the moment between a read and a write.
// It does nothing by itself when a driver dies, so there is no dead-man switch. How
// long users stay with an arm is asked of the listeners and rules; where that fails
// it is 0, and Preflight says why.
func (t *Target) Capabilities(ctx context.Context) (target.Capabilities, error) {
	out := target.Capabilities{Weights: true, WeightStep: finest}
	routes, err := t.routes(ctx, false)
	if err != nil {
		return out, nil //nolint:nilerr // The rest holds without an answer.
	}
	for _, r := range routes {
		out.Sticky = max(out.Sticky, r.sticky)
	}
	return out, nil
}

// balancer gives the client, made on first use.
func (t *Target) balancer(ctx context.Context) (*balancer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made != nil {
		return t.made, nil
	}
	cfg, err := t.session.Config(ctx)
	if err != nil {
		return nil, t.failed(err, false)
	}
	t.made = newBalancer(cfg)
	return t.made, nil
}

// failed makes the port's error of one of AWS.
func (t *Target) failed(err error, write bool) error {
	return awsport.Failed(t.session, err, write, func(out *target.Error, kind awscloud.Kind) {
		if kind == awscloud.Denied {
			out.Remedy += beside[t.session.Explain(err).Permission]
		}
	})
}

// beside is what AWS checks beside an action, and answers with the action's own name.
var beside = map[string]string{
	"ecs:RegisterTaskDefinition":         "; registering a task definition also needs ecs:TagResource, and iam:PassRole on the task role and the execution role",
	"autoscaling:UpdateAutoScalingGroup": "; giving a group a version of a launch template also needs ec2:RunInstances, ec2:CreateTags where the template has tags, and iam:PassRole on the role of its instance profile",
}

// kind says what AWS meant.
func (t *Target) kind(err error) awscloud.Kind { return awsport.Kind(t.session, err) }

func invalid(message string) error {
	return &target.Error{Code: target.CodeInvalid, Message: message, Remedy: "this is a mistake of the caller"}
}

func unsupported(percent float64) error {
	return &target.Error{Code: target.CodeUnsupported, Message: fmt.Sprintf("a load balancer cannot give %g %% to a target group: its weights are whole numbers from 0 to 999", percent),
		Remedy: "choose a share in tenths of a percent, for example 12.5"}
}

// What AWS is at is looked at again after these: targets become healthy within
// several health checks, and more writes of the same verb follow at once.
const (
	lookAgain = 5 * time.Second
	soon      = 50 * time.Millisecond
)
