package awscloud_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

const roleARN = "arn:aws:iam::123456789012:role/releases"

func TestSettingsThatAreRight(t *testing.T) {
	for _, s := range []awscloud.Settings{
		{Region: "eu-central-1"},
		{Region: "us-gov-west-1", AssumeRole: []awscloud.Role{{ARN: "arn:aws-us-gov:iam::123456789012:role/path/releases", ExternalID: "acme", Duration: "1h"}}},
		{Region: "cn-north-1", WebIdentity: &awscloud.WebIdentity{ARN: "arn:aws-cn:iam::123456789012:role/ci", Token: &credential.Reference{File: "/run/secrets/oidc"}}},
		{Region: "eu-central-1", Profile: "releases", FIPS: true, DualStack: true},
		{Region: "eu-central-1", Endpoint: "https://vpce-1.lambda.eu-central-1.vpce.amazonaws.com"},
	} {
		if errs := s.Validate(); len(errs) > 0 {
			t.Errorf("%+v: %v", s, errs)
		}
	}
}

// Each mistake stands on its own path and says what would be right.
func TestSettingsThatAreWrong(t *testing.T) {
	for name, c := range map[string]struct {
		s          awscloud.Settings
		path, want string
	}{
		"no region":        {awscloud.Settings{}, "region", `for example "eu-central-1"`},
		"a role besides":   {awscloud.Settings{Region: "cn-north", AssumeRole: []awscloud.Role{{ARN: roleARN}}}, "region", "not the name of a region"},
		"a zone":           {awscloud.Settings{Region: "eu-central-1a"}, "region", "not the name of a region"},
		"a role's name":    {awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: "releases"}}}, "assume_role[0].role_arn", "not the ARN of a role"},
		"another's role":   {awscloud.Settings{Region: "cn-north-1", AssumeRole: []awscloud.Role{{ARN: roleARN}}}, "assume_role[0].role_arn", "the region cn-north-1 is in aws-cn"},
		"a short session":  {awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: roleARN, Duration: "1m"}}}, "assume_role[0].duration", "from 15m to 12h"},
		"an external id":   {awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: roleARN, ExternalID: "a b"}}}, "assume_role[0].external_id", "for example"},
		"no token":         {awscloud.Settings{Region: "eu-central-1", WebIdentity: &awscloud.WebIdentity{ARN: roleARN}}, "assume_role_with_web_identity.token", "there is no token"},
		"a token and more": {awscloud.Settings{Region: "eu-central-1", Profile: "p", WebIdentity: &awscloud.WebIdentity{ARN: roleARN, Token: &credential.Reference{Env: "T"}}}, "profile", "leave one out"},
		"a password":       {awscloud.Settings{Region: "eu-central-1", Endpoint: "https://u:p@lambda.example"}, "endpoint", "kept in state and ledger"},
		"two endpoints":    {awscloud.Settings{Region: "eu-central-1", FIPS: true, Endpoint: "https://lambda.example"}, "endpoint", "leave the other out"},
		"a profile":        {awscloud.Settings{Region: "eu-central-1", Profile: "[x]"}, "profile", "not the name of a profile"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := c.s.Validate()
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.want) {
				t.Errorf("%+v", errs)
			}
		})
	}
}

func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{"eu-central-1": "aws", "cn-northwest-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b"} {
		if got := awscloud.Partition(region); got != want {
			t.Errorf("%s is in %s", region, got)
		}
	}
}
