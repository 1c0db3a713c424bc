package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// AlarmsMetric is the one metric of a signal of alarms. A bad event is an alarm that
// fires at the moment of the look.
const AlarmsMetric = "alarms"

const (
	// maxAlarms is what one DescribeAlarms takes, and maxAlarmName AWS's bound.
	maxAlarms    = 100
	maxAlarmName = 255
)

// alarms implements signal.Source for alarms. They belong to no arm: what fires is
// counted in the baseline's, and the canary's has nothing.
type alarms struct {
	names []string
	cloud *cloud
}

var (
	_ signal.Source  = (*alarms)(nil)
	_ signal.Starter = (*alarms)(nil)
)

// alarm is what CloudWatch says of one.
type alarm struct {
	name, state, reason string
	since               time.Time
}

var errTooManyPages = errors.New("the answer of CloudWatch has too many pages")

// Metrics implements signal.Source.
func (a *alarms) Metrics() []string { return []string{AlarmsMetric} }

// CredentialsEnd implements credential.Ender.
func (a *alarms) CredentialsEnd() credential.End {
	return a.cloud.session.CredentialsEnd()
}

func (a *alarms) check(queries []signal.Query) error {
	for i, q := range queries {
		switch {
		case q.Metric != AlarmsMetric:
			return fmt.Errorf("the signal has no metric %q; it has %s", q.Metric, AlarmsMetric)
		case q.SlowerThan != 0:
			return fmt.Errorf("the metric %q counts alarms and takes no threshold; %s was given", q.Metric, q.SlowerThan)
		case i > 0:
			return fmt.Errorf("the metric %q is asked for twice", q.Metric)
		}
	}
	return nil
}

// Counts implements signal.Source with one request, and one more for each alarm that has
// changed since the last look and does not fire. It tells at once, and is always primed: an
// alarm is in a state, and what matters of it is the state now, and whether it fired since.
// One alarm that did is enough; none is only told where all alarms know.
func (a *alarms) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	if err := a.check(req.Queries); err != nil {
		return signal.Counts{}, err
	}
	last, err := openAlarmCursor(req.Cursor)
	if err != nil {
		return signal.Counts{}, err
	}
	seen, err := a.look(ctx)
	if err != nil {
		return signal.Counts{}, err
	}
	out := signal.Counts{Primed: true, CompleteThrough: req.Until, Cursor: last.behind(seen)}
	if len(req.Queries) == 0 {
		return out, nil
	}
	fired, unread := a.between(ctx, last, seen)
	texts := append(firing(seen), fired...)
	if unread != "" {
		// The next look asks again.
		out.Cursor = req.Cursor
	}
	if unknown := cmp.Or(unread, a.unknown(seen)); len(texts) == 0 && unknown != "" {
		for _, arm := range arms {
			out.Missing = append(out.Missing, signal.Missing{Metric: AlarmsMetric, Arm: arm, Reason: unknown})
		}
		return out, nil
	}
	out.Counts = []signal.Count{
		{Metric: AlarmsMetric, Arm: target.Baseline, Bad: float64(len(texts)), Total: float64(len(a.names)), Says: strings.Join(texts, "; ")},
		{Metric: AlarmsMetric, Arm: target.Canary},
	}
	return out, nil
}

// History implements signal.Source: what alarms did before says nothing of a rollout.
func (a *alarms) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	for _, name := range req.Metrics {
		if err := a.check([]signal.Query{{Metric: name}}); err != nil {
			return signal.History{}, err
		}
	}
	for name := range req.Quantiles {
		return signal.History{}, fmt.Errorf("the metric %q counts alarms and has no quantile", name)
	}
	return signal.History{}, ctx.Err()
}

// Ready implements signal.Starter: where an alarm fires already, it could not tell what
// the new artifact does.
func (a *alarms) Ready(ctx context.Context, _ []signal.Query) error {
	seen, err := a.look(ctx)
	if err != nil {
		return err
	}
	var gone []string
	for _, name := range a.names {
		if !slices.ContainsFunc(seen, func(s alarm) bool { return s.name == name }) {
			gone = append(gone, fmt.Sprintf("%q", name))
		}
	}
	if len(gone) > 0 {
		return &signal.Refusal{
			Reason: fmt.Sprintf("CloudWatch in %s has no alarm %s", a.cloud.session.Settings().Region, strings.Join(gone, ", ")),
			Remedy: "look at the names, the region and the account of the credentials",
		}
	}
	if texts := firing(seen); len(texts) > 0 {
		return &signal.Refusal{
			Reason: strings.Join(texts, "; "),
			Remedy: "wait until it is over, or mend what it is about; an alarm that fires before the first step could not tell what the new artifact does",
		}
	}
	return a.told(ctx, seen[0].name)
}

// told reads the last change of one alarm, which a rollout asks for only when an alarm
// has changed: whoever may not would learn it in the middle.
func (a *alarms) told(ctx context.Context, name string) error {
	bounded, cancel := context.WithTimeout(ctx, a.cloud.timeout)
	defer cancel()
	c, err := a.cloud.client(bounded)
	if err != nil {
		return a.cloud.failed(ctx, err)
	}
	_, err = c.DescribeAlarmHistory(bounded, &awscloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String(name), AlarmTypes: bothKinds, HistoryItemType: types.HistoryItemTypeStateUpdate, MaxRecords: aws.Int32(1)})
	if err == nil {
		return nil
	}
	if a.cloud.session.Explain(err).Kind == awscloud.Denied {
		return &signal.Refusal{
			Reason: "the credentials may not read what alarms did (cloudwatch:DescribeAlarmHistory), so a rollout could not go on once an alarm has changed",
			Remedy: "allow it on *, as docs/policies/cloudwatch.json does",
		}
	}
	return a.cloud.failed(ctx, err)
}

// firing says of each alarm that fires that it does.
func firing(seen []alarm) []string {
	var out []string
	for _, s := range seen {
		if s.state == string(types.StateValueAlarm) {
			out = append(out, s.text())
		}
	}
	return out
}

// unknown says why it cannot be said that nothing fires, or nothing.
func (a *alarms) unknown(seen []alarm) string {
	for _, name := range a.names {
		i := slices.IndexFunc(seen, func(s alarm) bool { return s.name == name })
		switch {
		case i < 0:
			return fmt.Sprintf("CloudWatch in %s has no alarm %q any more", a.cloud.session.Settings().Region, name)
		case seen[i].state != string(types.StateValueOk):
			return fmt.Sprintf("the alarm %q is in the state %s, so nobody knows; where no data means that nothing is wrong, give the alarm treat_missing_data = \"notBreaching\"", name, seen[i].state)
		}
	}
	return ""
}

func (s alarm) text() string {
	what := "fires"
	if !s.since.IsZero() {
		what += " since " + s.since.UTC().Format(time.RFC3339)
	}
	return s.told(what)
}

// told says what an alarm does, with its own reason.
func (s alarm) told(what string) string {
	out := fmt.Sprintf("the alarm %q %s", s.name, what)
	if s.reason != "" {
		out += " (" + printable(s.reason) + ")"
	}
	return out
}

// maxReason bounds what an alarm may put into our messages, in characters.
const maxReason = 300

func printable(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > maxReason {
		return string(runes[:maxReason]) + "..."
	}
	return string(runes)
}

// bothKinds asks for composite alarms too, which are only told of where they are asked for.
var bothKinds = []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}

// look asks for all alarms in one call and its pages.
func (a *alarms) look(ctx context.Context) ([]alarm, error) {
	bounded, cancel := context.WithTimeout(ctx, a.cloud.timeout)
	defer cancel()
	c, err := a.cloud.client(bounded)
	if err != nil {
		return nil, a.cloud.failed(ctx, err)
	}
	in := &awscloudwatch.DescribeAlarmsInput{AlarmNames: a.names, AlarmTypes: bothKinds, MaxRecords: aws.Int32(maxAlarms)}
	var out []alarm
	for range maxPages {
		page, err := c.DescribeAlarms(bounded, in)
		if err != nil {
			return nil, a.cloud.failed(ctx, err)
		}
		for _, m := range page.MetricAlarms {
			out = append(out, alarm{name: aws.ToString(m.AlarmName), state: string(m.StateValue), reason: aws.ToString(m.StateReason), since: aws.ToTime(m.StateTransitionedTimestamp)})
		}
		for _, m := range page.CompositeAlarms {
			out = append(out, alarm{name: aws.ToString(m.AlarmName), state: string(m.StateValue), reason: aws.ToString(m.StateReason), since: aws.ToTime(m.StateTransitionedTimestamp)})
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
	return nil, errTooManyPages
}
