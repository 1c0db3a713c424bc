package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// The alarm of the bench.
const alarmName = "checkout-5xx"

// reverting is a fake of AWS in which a revert that was accepted is told.
type reverting struct {
	config   target.Config
	next     release.Spec
	accepted <-chan time.Time
}

// awsReactions lets an alarm of CloudWatch fire in the middle of a step, at moments
// spread evenly over the time between two looks, and waits until AWS has accepted the
// weights of the way back.
func awsReactions(ctx context.Context, b *bench) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	awstest.Credentials(s)
	for _, one := range []struct {
		name string
		make func(*stand) (reverting, error)
	}{{lambda.Name, revertingLambda}, {alb.Name, revertingALB}} {
		runs := b.rounds(20, 4)
		seconds, errs := make([]float64, runs), make([]error, runs)
		var all sync.WaitGroup
		for i := range runs {
			all.Go(func() {
				phase := time.Duration((float64(i) + 0.5) / float64(runs) * float64(liveTick))
				seconds[i], errs[i] = awsReaction(ctx, one.make, phase)
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("an alarm on %s: %w", one.name, err)
		}
		b.add(one.name+"_alarm_to_revert_p50", median(seconds), "s")
		b.want(one.name+"_alarm_to_revert_p95", quantile(seconds, 0.95), "s", atMost(2*liveTick.Seconds()))
		b.add(one.name+"_alarm_to_revert_longest", greatest(seconds), "s")
		b.want(one.name+"_alarm_to_revert_p95_looks", quantile(seconds, 0.95)/liveTick.Seconds(), "looks", atMost(2))
	}
	return nil
}

// awsReaction is the time in seconds from the moment when the alarm can be seen to the
// one when the revert was accepted.
func awsReaction(ctx context.Context, prepare func(*stand) (reverting, error), phase time.Duration) (seconds float64, err error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	r, err := prepare(s)
	if err != nil {
		return 0, err
	}
	watch := cloudwatchtest.New(s, time.Now)
	alarm := cloudwatchtest.Alarm{Name: alarmName, State: "OK", Since: time.Now()}
	watch.Alarms(alarm)
	spec, err := alarmed(r, watch.URL)
	if err != nil {
		return 0, err
	}
	l := watched{mem.New(time.Now()), &journal{}}
	engine := &release.Engine{
		Ledger: l, Clock: clock.System{}, Targets: target.NewRegistry(lambda.Driver(), alb.Driver()), Signals: signal.NewRegistry(cloudwatch.Driver()),
		Actor: "bench", Holder: "bench", UserAgent: "sluice/bench",
	}
	ended := make(chan error, 1)
	go func() {
		_, err := engine.Ship(ctx, release.ShipRequest{Owner: owner, Spec: spec})
		ended <- err
	}()
	if err := l.journal.wait(ctx, tickRecord, 3, ended); err != nil {
		return 0, err
	}
	if err := pause(ctx, phase); err != nil {
		return 0, err
	}
	alarm.State, alarm.Since, alarm.Reason = "ALARM", time.Now(), "Threshold Crossed"
	watch.Alarms(alarm)
	visible := time.Now()
	var back *release.EndedError
	if err := <-ended; !errors.As(err, &back) || back.Outcome.Result != release.WentBack {
		return 0, fmt.Errorf("the rollout did not go back: %w", err)
	}
	select {
	case at := <-r.accepted:
		return at.Sub(visible).Seconds(), nil
	default:
		return 0, errors.New("no revert was accepted")
	}
}

// wait waits until so many events are there.
func (j *journal) wait(ctx context.Context, what string, n int, ended <-chan error) error {
	for count(j.since(0), what) < n {
		select {
		case err := <-ended:
			return fmt.Errorf("the rollout ended too early: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	return nil
}

// alarmed is a rollout that an alarm turns back.
func alarmed(r reverting, url string) (release.Spec, error) {
	pager, err := json.Marshal(cloudwatch.Config{Alarms: []string{alarmName}, Settings: awscloud.Settings{Region: region, Endpoint: url}})
	if err != nil {
		return release.Spec{}, err
	}
	unattended := 50.0
	spec := r.next
	spec.Service, spec.Environment, spec.Target = "checkout", release.Environment{Name: "production"}, r.config
	spec.Signals = map[string]signal.Config{"pager": {Driver: cloudwatch.Name, Config: pager}}
	spec.Policy = release.Policy{Name: "bench", Triggers: &release.Triggers{External: map[string]release.External{"alarm": {Signal: "pager", Metric: cloudwatch.AlarmsMetric}}}}
	spec.Strategy = strategy.Definition{Name: "bench", MaxUnattendedWeight: &unattended, Analysis: strategy.Analysis{Interval: field.Duration(liveTick)},
		Canary: &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(10 * time.Minute)}, {Weight: 100}}}}
	return spec, nil
}

// first tells the moment of the first change that is true of after a canary had traffic.
func first(watch *awstest.Watch, prefix string, back func() (exposed, reverted bool)) <-chan time.Time {
	accepted, had := make(chan time.Time, 1), false
	watch.After(func(operation string) {
		if !strings.HasPrefix(operation, prefix) {
			return
		}
		exposed, reverted := back()
		had = had || exposed
		if had && reverted {
			select {
			case accepted <- time.Now():
			default:
			}
		}
	})
	return accepted
}

func revertingLambda(s *stand) (reverting, error) {
	server, next := newLambda(s)
	raw, err := json.Marshal(lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: region, Endpoint: server.URL}})
	return reverting{
		config: target.Config{Driver: lambda.Name, Config: raw}, next: release.Spec{Payload: next},
		accepted: first(&server.Watch, "UpdateAlias", func() (exposed, reverted bool) {
			server.Change(func(f *lambdatest.Function) {
				exposed = len(f.Alias.Weights) > 0
				reverted = !exposed && f.Alias.Version == "1"
			})
			return exposed, reverted
		}),
	}, err
}

func revertingALB(s *stand) (reverting, error) {
	server := albtest.New(s)
	server.Cluster(pretended("1.0.0", "0").Reference, 3)
	raw, err := json.Marshal(albConfig(server.URL))
	return reverting{
		config: target.Config{Driver: alb.Name, Config: raw}, next: release.Spec{Payload: pretended("1.1.0", "1")},
		accepted: first(&server.Watch, "Modify", func() (exposed, reverted bool) {
			server.Change(func(w *albtest.World) {
				reverted = w.Routes[albtest.HTTPS].Weights() == "100/0"
				exposed = !reverted
			})
			return exposed, reverted
		}),
	}, err
}
