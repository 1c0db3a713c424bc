package lambda

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

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
const Name = "lambda"

// latest is the one version that is not published.
const latest = "$LATEST"

// client is what of Lambda the driver calls, and all that its policy allows. It has
// functions, and neither the SDK's client nor an interface over it: of a type that
// reflection can find the linker keeps every operation.
type client struct {
	GetAlias                           func(context.Context, *awslambda.GetAliasInput, ...func(*awslambda.Options)) (*awslambda.GetAliasOutput, error)
	UpdateAlias                        func(context.Context, *awslambda.UpdateAliasInput, ...func(*awslambda.Options)) (*awslambda.UpdateAliasOutput, error)
	GetFunction                        func(context.Context, *awslambda.GetFunctionInput, ...func(*awslambda.Options)) (*awslambda.GetFunctionOutput, error)
	GetFunctionConfiguration           func(context.Context, *awslambda.GetFunctionConfigurationInput, ...func(*awslambda.Options)) (*awslambda.GetFunctionConfigurationOutput, error)
	ListVersionsByFunction             func(context.Context, *awslambda.ListVersionsByFunctionInput, ...func(*awslambda.Options)) (*awslambda.ListVersionsByFunctionOutput, error)
	UpdateFunctionCode                 func(context.Context, *awslambda.UpdateFunctionCodeInput, ...func(*awslambda.Options)) (*awslambda.UpdateFunctionCodeOutput, error)
	PublishVersion                     func(context.Context, *awslambda.PublishVersionInput, ...func(*awslambda.Options)) (*awslambda.PublishVersionOutput, error)
	ListProvisionedConcurrencyConfigs  func(context.Context, *awslambda.ListProvisionedConcurrencyConfigsInput, ...func(*awslambda.Options)) (*awslambda.ListProvisionedConcurrencyConfigsOutput, error)
	GetProvisionedConcurrencyConfig    func(context.Context, *awslambda.GetProvisionedConcurrencyConfigInput, ...func(*awslambda.Options)) (*awslambda.GetProvisionedConcurrencyConfigOutput, error)
	PutProvisionedConcurrencyConfig    func(context.Context, *awslambda.PutProvisionedConcurrencyConfigInput, ...func(*awslambda.Options)) (*awslambda.PutProvisionedConcurrencyConfigOutput, error)
	DeleteProvisionedConcurrencyConfig func(context.Context, *awslambda.DeleteProvisionedConcurrencyConfigInput, ...func(*awslambda.Options)) (*awslambda.DeleteProvisionedConcurrencyConfigOutput, error)
	ListEventSourceMappings            func(context.Context, *awslambda.ListEventSourceMappingsInput, ...func(*awslambda.Options)) (*awslambda.ListEventSourceMappingsOutput, error)
}

// Driver is the lambda driver.
func Driver() target.Driver {
	return target.Driver{Name: Name, Validate: Validate, Open: wire.Open(parse, New), Arms: driver.Tells(driver.ArmVersion)}
}

// New makes the target that the configuration names. It does not connect.
func New(c Config, deps target.Deps) (*Target, error) {
	if errs := c.validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	t := &Target{config: c, clock: deps.Clock, session: awscloud.NewSession(c.Settings, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent})}
	if deps.Release != "" {
		t.owner = hash(deps.Release)
	}
	return t, nil
}

// Target moves an alias. It remembers of AWS only what published versions are, which
// never change; all else is read anew. It is safe for concurrent use.
type Target struct {
	config Config
	// owner marks the release whose target this is, empty where nobody said.
	owner   string
	clock   clock.Clock
	session *awscloud.Session

	mu       sync.Mutex
	made     *client
	versions map[string]remembered
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

// Capabilities implements target.Target. An UpdateAlias with a revision is refused
// by Lambda when the alias has changed, fence and fingerprint included, so there is
// a true conditional write. Lambda chooses versions by chance alone: no cohorts, no
// mirror, no batches. It does nothing by itself when a driver dies, so there is no
// dead-man switch.
func (t *Target) Capabilities(context.Context) (target.Capabilities, error) {
	return target.Capabilities{Weights: true, ConditionalWrite: true}, nil
}

// lambda gives the client, made on first use.
func (t *Target) lambda(ctx context.Context) (*client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made != nil {
		return t.made, nil
	}
	cfg, err := t.session.Config(ctx)
	if err != nil {
		return nil, t.failed(err, false)
	}
	c := awslambda.NewFromConfig(cfg)
	t.made = &client{
		GetAlias:                           c.GetAlias,
		UpdateAlias:                        c.UpdateAlias,
		GetFunction:                        c.GetFunction,
		GetFunctionConfiguration:           c.GetFunctionConfiguration,
		ListVersionsByFunction:             c.ListVersionsByFunction,
		UpdateFunctionCode:                 c.UpdateFunctionCode,
		PublishVersion:                     c.PublishVersion,
		ListProvisionedConcurrencyConfigs:  c.ListProvisionedConcurrencyConfigs,
		GetProvisionedConcurrencyConfig:    c.GetProvisionedConcurrencyConfig,
		PutProvisionedConcurrencyConfig:    c.PutProvisionedConcurrencyConfig,
		DeleteProvisionedConcurrencyConfig: c.DeleteProvisionedConcurrencyConfig,
		ListEventSourceMappings:            c.ListEventSourceMappings,
	}
	return t.made, nil
}

// failed makes the port's error of one of AWS.
func (t *Target) failed(err error, write bool) error {
	return awsport.Failed(t.session, err, write, func(out *target.Error, kind awscloud.Kind) {
		if kind == awscloud.NotFound {
			out.Message = "there is no function " + t.config.Function + " with the alias " + t.config.Alias + " in " + t.config.Region
			out.Remedy = "look at the function's name, the alias, the region and the account of the credentials; Sluice creates neither function nor alias"
		}
	})
}

// kind says what AWS meant.
func (t *Target) kind(err error) awscloud.Kind { return awsport.Kind(t.session, err) }

func (t *Target) name() *string { return aws.String(t.config.Function) }
