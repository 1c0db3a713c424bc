package cloudwatchtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Alarm is an alarm as CloudWatch tells it.
type Alarm struct {
	Name, State, Reason string
	Since               time.Time
	Composite           bool
	// Changes are its history, the oldest first.
	Changes []Change
}

// Change is one of an alarm's state.
type Change struct {
	At            time.Time
	State, Reason string
}

// Alarms says which alarms there are.
func (s *Server) Alarms(list ...Alarm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms = list
}

// describe answers DescribeAlarms.
func (s *Server) describe(given map[string]any) map[string]any {
	names, _ := given["AlarmNames"].([]any)
	kinds, _ := given["AlarmTypes"].([]any)
	metric, composite := []any{}, []any{}
	for _, a := range s.alarms {
		if !has(names, a.Name) {
			continue
		}
		one := map[string]any{"AlarmName": a.Name, "StateValue": a.State, "StateReason": a.Reason, "StateTransitionedTimestamp": float64(a.Since.Unix())}
		switch {
		case a.Composite && has(kinds, "CompositeAlarm"):
			composite = append(composite, one)
		case !a.Composite && (len(kinds) == 0 || has(kinds, "MetricAlarm")):
			metric = append(metric, one)
		}
	}
	return map[string]any{"MetricAlarms": metric, "CompositeAlarms": composite}
}

// history answers DescribeAlarmHistory, the newest change first, one on a page where pages
// are bounded.
func (s *Server) history(given map[string]any) map[string]any {
	from, _ := given["StartDate"].(float64)
	items := []any{}
	for _, a := range s.alarms {
		if a.Name != given["AlarmName"] {
			continue
		}
		for _, c := range slices.Backward(a.Changes) {
			at := float64(c.At.UnixMilli()) / 1000
			if at < from {
				continue
			}
			data, err := json.Marshal(map[string]any{"version": "1.0", "newState": map[string]any{"stateValue": c.State, "stateReason": c.Reason}})
			if err != nil {
				s.t.Error(err)
			}
			items = append(items, map[string]any{"AlarmName": a.Name, "Timestamp": at, "HistoryItemType": "StateUpdate", "HistoryData": string(data)})
		}
	}
	answer := map[string]any{"AlarmHistoryItems": items}
	if s.Page == 0 {
		return answer
	}
	token, _ := given["NextToken"].(string)
	skip, _ := strconv.Atoi(token)
	items = items[min(skip, len(items)):]
	if len(items) > s.Page {
		items, answer["NextToken"] = items[:s.Page], strconv.Itoa(skip+s.Page)
	}
	answer["AlarmHistoryItems"] = items
	return answer
}
