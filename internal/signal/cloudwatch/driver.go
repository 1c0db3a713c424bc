// Package cloudwatch is the signal driver that counts what AWS's own services, or a
// service itself, have written into Amazon CloudWatch, and that watches alarms.
//
// CloudWatch holds sums for whole minutes and shows them minutes later, and a sum may
// still grow then. So each look asks for the last minutes again, and counts by how
// much each of them has grown: an event is counted once, however late it comes.
package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// Name is the driver's name and its attribute.
const Name = "cloudwatch"

// client is what of CloudWatch the driver calls, and all that its policy allows. It
// has functions, and neither the SDK's client nor an interface over it: of a type that
// reflection can find the linker keeps every operation.
type client struct {
	GetMetricData        func(context.Context, *awscloudwatch.GetMetricDataInput, ...func(*awscloudwatch.Options)) (*awscloudwatch.GetMetricDataOutput, error)
	DescribeAlarms       func(context.Context, *awscloudwatch.DescribeAlarmsInput, ...func(*awscloudwatch.Options)) (*awscloudwatch.DescribeAlarmsOutput, error)
	DescribeAlarmHistory func(context.Context, *awscloudwatch.DescribeAlarmHistoryInput, ...func(*awscloudwatch.Options)) (*awscloudwatch.DescribeAlarmHistoryOutput, error)
}

// Driver describes the driver for a registry.
func Driver() signal.Driver {
	return signal.Driver{Name: Name, Validate: Validate, Open: open, Arms: stated}
}

// Validate checks a configuration without touching anything.
func Validate(config json.RawMessage) field.Errors {
	_, errs := parse(config)
	return errs
}

func open(_ context.Context, config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	return Open(config, deps)
}

// Open makes the source that the configuration names. It does not connect.
func Open(config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	p, errs := parse(config)
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	c := &cloud{
		session: awscloud.NewSession(p.settings, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent}),
		timeout: p.timeout,
	}
	if len(p.alarms) > 0 {
		return &alarms{names: p.alarms, cloud: c}, nil
	}
	return &source{plan: p, cloud: c}, nil
}

// cloud is the way to CloudWatch. It is safe for concurrent use.
type cloud struct {
	session *awscloud.Session
	timeout time.Duration

	mu   sync.Mutex
	made *client
}

// client gives the client, made on first use.
func (c *cloud) client(ctx context.Context) (*client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		return c.made, nil
	}
	cfg, err := c.session.Config(ctx)
	if err != nil {
		return nil, err
	}
	sdk := awscloudwatch.NewFromConfig(cfg, plainCodes)
	c.made = &client{GetMetricData: sdk.GetMetricData, DescribeAlarms: sdk.DescribeAlarms, DescribeAlarmHistory: sdk.DescribeAlarmHistory}
	return c.made, nil
}

// failed says what an error of AWS means, with what to do. A context that has ended
// stays what it is.
func (c *cloud) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil && !awscloud.OfCredentials(err) {
		return fmt.Errorf("unable to ask CloudWatch in %s: %w", c.session.Settings().Region, ctx.Err())
	}
	e := c.session.Explain(err)
	if e.Remedy == "" {
		return fmt.Errorf("unable to ask CloudWatch in %s: %w", c.session.Settings().Region, e)
	}
	return fmt.Errorf("unable to ask CloudWatch in %s: %w; %s", c.session.Settings().Region, e, e.Remedy)
}

// source implements signal.Source. It keeps nothing between calls but the client.
type source struct {
	plan  *plan
	cloud *cloud
}

var _ signal.Source = (*source)(nil)

// Metrics implements signal.Source.
func (s *source) Metrics() []string { return signal.Names(s.plan.metrics, metric.called) }

// CredentialsEnd implements credential.Ender.
func (s *source) CredentialsEnd() credential.End {
	return s.cloud.session.CredentialsEnd()
}

// query is a checked signal.Query.
type query struct {
	metric     metric
	slowerThan time.Duration
}

func (s *source) queries(asked []signal.Query) ([]query, error) {
	return signal.Pick(asked, s.metric, metric.isLatency, func(m metric, slowerThan time.Duration) query { return query{metric: m, slowerThan: slowerThan} })
}

func (s *source) metric(name string) (metric, error) {
	return signal.Find(s.plan.metrics, name, metric.called)
}
