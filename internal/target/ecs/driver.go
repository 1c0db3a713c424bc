package ecs

import (
	"context"
	"sync"

	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/driver"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name and its attribute.
const Name = "ecs"

// client is what of ECS the driver calls, and all that its policy allows. It holds
// functions and is no interface, so that the linker leaves out the rest of the SDK's
// client: it keeps every method of a type that is ever in an interface.
type client struct {
	DescribeServices           func(context.Context, *awsecs.DescribeServicesInput, ...func(*awsecs.Options)) (*awsecs.DescribeServicesOutput, error)
	ListServiceDeployments     func(context.Context, *awsecs.ListServiceDeploymentsInput, ...func(*awsecs.Options)) (*awsecs.ListServiceDeploymentsOutput, error)
	DescribeServiceDeployments func(context.Context, *awsecs.DescribeServiceDeploymentsInput, ...func(*awsecs.Options)) (*awsecs.DescribeServiceDeploymentsOutput, error)
	DescribeServiceRevisions   func(context.Context, *awsecs.DescribeServiceRevisionsInput, ...func(*awsecs.Options)) (*awsecs.DescribeServiceRevisionsOutput, error)
	DescribeTaskDefinition     func(context.Context, *awsecs.DescribeTaskDefinitionInput, ...func(*awsecs.Options)) (*awsecs.DescribeTaskDefinitionOutput, error)
	ListTaskDefinitions        func(context.Context, *awsecs.ListTaskDefinitionsInput, ...func(*awsecs.Options)) (*awsecs.ListTaskDefinitionsOutput, error)
	RegisterTaskDefinition     func(context.Context, *awsecs.RegisterTaskDefinitionInput, ...func(*awsecs.Options)) (*awsecs.RegisterTaskDefinitionOutput, error)
	UpdateService              func(context.Context, *awsecs.UpdateServiceInput, ...func(*awsecs.Options)) (*awsecs.UpdateServiceOutput, error)
	ContinueServiceDeployment  func(context.Context, *awsecs.ContinueServiceDeploymentInput, ...func(*awsecs.Options)) (*awsecs.ContinueServiceDeploymentOutput, error)
	StopServiceDeployment      func(context.Context, *awsecs.StopServiceDeploymentInput, ...func(*awsecs.Options)) (*awsecs.StopServiceDeploymentOutput, error)
	TagResource                func(context.Context, *awsecs.TagResourceInput, ...func(*awsecs.Options)) (*awsecs.TagResourceOutput, error)
}

// balancer is what the driver reads of the load balancer. It changes nothing there.
type balancer struct {
	DescribeRules     func(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
	DescribeListeners func(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
}

// Driver is the ecs driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: wire.Open(parse, New), Arms: driver.Tells(driver.ArmTargetGroup)}
}

// New makes the target that the configuration names. It does not connect.
func New(c Config, deps target.Deps) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	t := &Target{config: c, clock: deps.Clock, release: deps.Release, session: awscloud.NewSession(c.Settings, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent})}
	if t.clock == nil {
		t.clock = clock.System{}
	}
	return t, nil
}

// Target drives deployments of one service. It remembers nothing between calls that
// AWS could forget or change: all is read anew. It is safe for concurrent use.
type Target struct {
	config Config
	clock  clock.Clock
	// release is whose target this is, "checkout/production", empty where nobody said.
	release string
	session *awscloud.Session

	mu    sync.Mutex
	made  *client
	rules *balancer
}

var (
	_ target.Target          = (*Target)(nil)
	_ target.PlanPreflighter = (*Target)(nil)
	_ credential.Ender       = (*Target)(nil)
	_ target.Sharer          = (*Target)(nil)
)

// Join implements target.Sharer.
func (t *Target) Join(line queue.Line) *queue.Place { return t.session.Join(line) }

// CredentialsEnd implements credential.Ender.
func (t *Target) CredentialsEnd() credential.End {
	return t.session.CredentialsEnd()
}

// Capabilities implements target.Target. ECS walks a plan of its own, whose hooks go
// back when nobody says to go on. Its calls take no condition, so there is no
// conditional write: that the newest deployment is ours is checked before each, and
// not by ECS.
func (t *Target) Capabilities(context.Context) (target.Capabilities, error) {
	return target.Capabilities{FixedPlan: true, RevertAfter: true}, nil
}

// ecs gives the client, made on first use.
func (t *Target) ecs(ctx context.Context) (*client, error) {
	c, _, err := t.clients(ctx)
	return c, err
}

func (t *Target) clients(ctx context.Context) (*client, *balancer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made != nil {
		return t.made, t.rules, nil
	}
	cfg, err := t.session.Config(ctx)
	if err != nil {
		return nil, nil, t.failed(err, false)
	}
	e := awsecs.NewFromConfig(cfg)
	t.made = &client{
		DescribeServices:           e.DescribeServices,
		ListServiceDeployments:     e.ListServiceDeployments,
		DescribeServiceDeployments: e.DescribeServiceDeployments,
		DescribeServiceRevisions:   e.DescribeServiceRevisions,
		DescribeTaskDefinition:     e.DescribeTaskDefinition,
		ListTaskDefinitions:        e.ListTaskDefinitions,
		RegisterTaskDefinition:     e.RegisterTaskDefinition,
		UpdateService:              e.UpdateService,
		ContinueServiceDeployment:  e.ContinueServiceDeployment,
		StopServiceDeployment:      e.StopServiceDeployment,
		TagResource:                e.TagResource,
	}
	b := elb.NewFromConfig(t.session.Elsewhere(cfg))
	t.rules = &balancer{DescribeRules: b.DescribeRules, DescribeListeners: b.DescribeListeners}
	return t.made, t.rules, nil
}

// notTwice is for each write: no condition keeps ECS from carrying one out twice.
func notTwice(o *awsecs.Options) { o.Retryer = awscloud.OnlyRefused(o.Retryer) }

// failed makes the port's error of one of AWS.
func (t *Target) failed(err error, write bool) error {
	return awsport.Failed(t.session, err, write, func(out *target.Error, kind awscloud.Kind) {
		switch {
		case awscloud.Code(err) == "ClusterNotFoundException":
			out.Message = "there is no cluster " + t.config.Cluster + " in " + t.config.Region + "; it may have been deleted"
			out.Remedy = "look at the cluster's name, the region and the account of the credentials; Sluice creates no cluster"
		case awscloud.Code(err) == "ServiceNotFoundException":
			*out = *t.noService()
		case kind == awscloud.Denied && write:
			out.Remedy += "; registering a task definition and updating a service also need iam:PassRole on the task role, the execution role and the role that changes the load balancer"
		}
	})
}

func (t *Target) noService() *target.Error {
	return &target.Error{Code: target.CodeNotFound, Message: "there is no service " + t.config.Service + " in the cluster " + t.config.Cluster + " in " + t.config.Region,
		Remedy: "look at the names, the region and the account of the credentials; Sluice creates no service"}
}

// kind says what AWS meant.
func (t *Target) kind(err error) awscloud.Kind { return awsport.Kind(t.session, err) }
