package lambda

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM: one
// action for each call that the client has, on the one function, and to read the
// packages. The account is the function's, packages is what may be read of S3:
// "acme-builds/checkout/*".
func Policy(region, account, function, packages string) (string, error) {
	type statement struct {
		Sid, Effect      string
		Action, Resource []string
	}
	partition := awscloud.Partition(region)
	arn := fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", partition, region, account, function)
	var here, anywhere []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		if action := "lambda:" + m.Name; unbound[m.Name] {
			anywhere = append(anywhere, action)
		} else {
			here = append(here, action)
		}
	}
	slices.Sort(here)
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"Function", "Allow", here, []string{arn, arn + ":*"}},
		{"EventSources", "Allow", anywhere, []string{"*"}},
		{"Packages", "Allow", []string{"s3:GetObject", "s3:GetObjectVersion"}, []string{fmt.Sprintf("arn:%s:s3:::%s", partition, packages)}},
	}}, "", "  ")
	return string(text) + "\n", err
}

// unbound are the actions that IAM ties to no function.
var unbound = map[string]bool{"ListEventSourceMappings": true}
