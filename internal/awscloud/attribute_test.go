package awscloud_test

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// TestAnErrorIsOfTheSettingThatMendsIt, where one of them does.
func TestAnErrorIsOfTheSettingThatMendsIt(t *testing.T) {
	hop := []awscloud.Role{{ARN: roleARN}}
	op := func(name string) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: name, Err: errors.New("no")}
	}
	for name, c := range map[string]struct {
		settings awscloud.Settings
		kind     awscloud.Kind
		err      error
		want     string
	}{
		"a role that may not be assumed":   {awscloud.Settings{AssumeRole: hop}, awscloud.Denied, op("AssumeRole"), "assume_role"},
		"a web identity that is refused":   {awscloud.Settings{AssumeRole: hop, WebIdentity: &awscloud.WebIdentity{}}, awscloud.Denied, op("AssumeRoleWithWebIdentity"), "assume_role_with_web_identity"},
		"what the role lacks":              {awscloud.Settings{AssumeRole: hop}, awscloud.Denied, op("UpdateAlias"), "assume_role"},
		"the profile's credentials":        {awscloud.Settings{Profile: "p"}, awscloud.Credentials, op("UpdateAlias"), "profile"},
		"those of the environment":         {awscloud.Settings{}, awscloud.Credentials, op("UpdateAlias"), ""},
		"a region that is not there":       {awscloud.Settings{Profile: "p"}, awscloud.Region, op("UpdateAlias"), "region"},
		"an endpoint that does not answer": {awscloud.Settings{Endpoint: "http://127.0.0.1:1"}, awscloud.Unreachable, op("UpdateAlias"), "endpoint"},
		"AWS that does not answer":         {awscloud.Settings{}, awscloud.Unreachable, op("UpdateAlias"), "region"},
		"a function that is not there":     {awscloud.Settings{Profile: "p"}, awscloud.NotFound, op("GetAlias"), ""},
	} {
		if got := c.settings.Attribute(&awscloud.Error{Kind: c.kind, Err: c.err}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
