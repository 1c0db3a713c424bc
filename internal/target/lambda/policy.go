package lambda

import (
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
	everything := func(string) bool { return true }
	return awscloud.Policy(statements(awscloud.Place{Region: region, Account: account}, GrantConfig{Function: function, Packages: packages}, everything))
}

// statements allow those calls of the client that may be made, and to read the
// packages, if there are any.
func statements(at awscloud.Place, c GrantConfig, may func(operation string) bool) []awscloud.Statement {
	partition := awscloud.Partition(at.Region)
	arn := fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", partition, at.Region, at.Account, c.Function)
	var here, anywhere []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		switch action := "lambda:" + m.Name; {
		case unbound[m.Name]:
			anywhere = append(anywhere, action)
		case may(m.Name):
			here = append(here, action)
		}
	}
	slices.Sort(here)
	out := []awscloud.Statement{
		{Sid: "Function", Effect: "Allow", Action: here, Resource: []string{arn, arn + ":*"}},
		{Sid: "EventSources", Effect: "Allow", Action: anywhere, Resource: []string{"*"}},
	}
	if c.Packages != "" {
		out = append(out, awscloud.Statement{Sid: "Packages", Effect: "Allow", Action: []string{"s3:GetObject", "s3:GetObjectVersion"}, Resource: []string{fmt.Sprintf("arn:%s:s3:::%s", partition, c.Packages)}})
	}
	return out
}

// unbound are the actions that IAM ties to no function.
var unbound = map[string]bool{"ListEventSourceMappings": true}
