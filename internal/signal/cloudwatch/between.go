package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmCursor is what is remembered of a look at alarms: the newest change of any of them,
// by CloudWatch's clock. An alarm that changed after it did so since that look.
type alarmCursor struct {
	Version int  `json:"v"`
	Alarms  bool `json:"alarms"`
	// Newest is in milliseconds since 1970, 1 where no alarm had ever changed, and 0 where
	// nobody has looked yet.
	Newest int64 `json:"newest,omitempty"`
}

func openAlarmCursor(raw json.RawMessage) (alarmCursor, error) {
	var c alarmCursor
	if len(raw) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%w: it is damaged: %w", ErrCursor, err)
	}
	if c.Version != cursorVersion || !c.Alarms {
		return c, fmt.Errorf("%w: it was made with another configuration of this signal", ErrCursor)
	}
	return c, nil
}

// behind is the cursor behind a look.
func (c alarmCursor) behind(seen []alarm) json.RawMessage {
	c.Version, c.Alarms, c.Newest = cursorVersion, true, max(c.Newest, 1)
	for _, s := range seen {
		if !s.since.IsZero() {
			c.Newest = max(c.Newest, s.since.UnixMilli())
		}
	}
	raw, _ := json.Marshal(c) // Numbers and a truth.
	return raw
}

// between says of each alarm that fired and ended since the last look that it did. Only an
// alarm that does not fire and has changed since is asked for its history, so it is rarely
// a request. Where the history cannot be had, nobody knows: that is the second answer.
func (a *alarms) between(ctx context.Context, last alarmCursor, seen []alarm) (fired []string, unknown string) {
	if last.Newest == 0 {
		return nil, ""
	}
	for _, s := range seen {
		if s.state == string(types.StateValueAlarm) || s.since.IsZero() || s.since.UnixMilli() <= last.Newest {
			continue
		}
		text, err := a.fired(ctx, s.name, time.UnixMilli(last.Newest))
		switch {
		case err != nil && unknown == "":
			unknown = fmt.Sprintf("the alarm %q has changed since the last look, and its history, which says whether it fired, cannot be read: %v", s.name, err)
		case err == nil && text != "":
			fired = append(fired, text)
		}
	}
	return fired, unknown
}

// fired reads whether an alarm fired after an instant, the newest change first.
func (a *alarms) fired(ctx context.Context, name string, after time.Time) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, a.cloud.timeout)
	defer cancel()
	c, err := a.cloud.client(bounded)
	if err != nil {
		return "", a.cloud.failed(ctx, err)
	}
	in := &awscloudwatch.DescribeAlarmHistoryInput{
		AlarmName: aws.String(name), AlarmTypes: bothKinds,
		HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampDescending,
		StartDate: aws.Time(after), MaxRecords: aws.Int32(maxAlarms),
	}
	for range maxPages {
		page, err := c.DescribeAlarmHistory(bounded, in)
		if err != nil {
			return "", a.cloud.failed(ctx, err)
		}
		for _, item := range page.AlarmHistoryItems {
			var change struct {
				New struct {
					Value  string `json:"stateValue"`
					Reason string `json:"stateReason"`
				} `json:"newState"`
			}
			at := aws.ToTime(item.Timestamp)
			if err := json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &change); err != nil {
				return "", fmt.Errorf("what CloudWatch says of its change at %s is no JSON: %w", at.UTC().Format(time.RFC3339), err)
			}
			if change.New.Value == string(types.StateValueAlarm) && at.After(after) {
				over := alarm{name: name, reason: change.New.Reason}
				return over.told("fired at " + at.UTC().Format(time.RFC3339) + ", between two looks"), nil
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return "", nil
		}
		in.NextToken = page.NextToken
	}
	return "", errTooManyPages
}
