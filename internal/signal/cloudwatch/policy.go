package cloudwatch

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM: one
// action for each call that the client has. IAM ties neither of them to anything:
// composite alarms are only told of to who may describe all alarms.
func Policy() (string, error) {
	type statement struct {
		Sid, Effect      string
		Action, Resource []string
	}
	var actions []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		actions = append(actions, "cloudwatch:"+m.Name)
	}
	slices.Sort(actions)
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Metrics", "Allow", actions, []string{"*"}}}}, "", "  ")
	return string(text) + "\n", err
}
