package awstest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

func ec2(t *testing.T) *awstest.Model {
	t.Helper()
	m, err := awstest.EC2()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A request is read by the names of the wire, and one that EC2 does not know is refused.
func TestRequestsOfEC2(t *testing.T) {
	const rules = "Action=DescribeSecurityGroupRules&Version=2016-11-15"
	for _, c := range []struct {
		body string
		want map[string]any
		says string
	}{
		{body: rules, want: map[string]any{}},
		{body: rules + "&Filter.1.Name=group-id&Filter.1.Value.1=sg-1&Filter.1.Value.2=sg-2&MaxResults=1000&DryRun=false", want: map[string]any{
			"Filters": []any{map[string]any{"Name": "group-id", "Values": []any{"sg-1", "sg-2"}}}, "MaxResults": 1000.0, "DryRun": false}},
		{body: "Action=DescribeSecurityGroups&GroupId.1=sg-1", want: map[string]any{"GroupIds": []any{"sg-1"}}},
		{body: rules + "&Invented=1", says: "DescribeSecurityGroupRules has no parameter Invented"},
		{body: rules + "&Filters.1.Name=group-id", says: "has no parameter Filters.1.Name"},
		{body: rules + "&Filter.member.1.Name=group-id", says: "has no parameter Filter.member.1.Name"},
		{body: rules + "&GroupId.1=sg-1", says: "has no parameter GroupId.1"},
		{body: rules + "&MaxResults=1001", says: "MaxResults: 1001 is outside of the bounds"},
		{body: rules + "&MaxResults=many", says: "MaxResults is a integer and not string"},
		{body: "Action=DeleteSecurityGroup&GroupId=sg-1", says: `the model has no operation "DeleteSecurityGroup"`},
		{body: "%zz", says: "the body is no form"},
	} {
		_, given, err := ec2(t).EC2Form(httptest.NewRequest(http.MethodPost, "/", nil), []byte(c.body))
		switch {
		case c.says == "":
			if diff := cmp.Diff(c.want, given); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", c.body, err, diff)
			}
		case err == nil || !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: %v, want %q", c.body, err, c.says)
		}
	}
}

// An answer has what the model has, by the names of the wire, and no invented member.
func TestAnswersOfEC2(t *testing.T) {
	m := ec2(t)
	op := m.Operations["DescribeSecurityGroupRules"]
	got, err := m.EC2XML(op, map[string]any{"NextToken": "a<b", "SecurityGroupRules": []any{
		map[string]any{"GroupId": "sg-1", "IsEgress": true, "FromPort": 22.0, "Tags": []any{map[string]any{"Key": "k", "Value": "v"}}}}})
	const want = `<DescribeSecurityGroupRulesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>test</requestId><nextToken>a&lt;b</nextToken><securityGroupRuleSet><item>` +
		`<fromPort>22</fromPort><groupId>sg-1</groupId><isEgress>true</isEgress><tagSet><item><key>k</key><value>v</value></item></tagSet></item></securityGroupRuleSet></DescribeSecurityGroupRulesResponse>`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	for says, rule := range map[string]map[string]any{
		"has no member Invented": {"Invented": "x"}, "has no member groupId": {"groupId": "sg-1"},
		"FromPort is a integer and not string": {"FromPort": "22"}, "IsEgress is a boolean and not string": {"IsEgress": "yes"},
	} {
		if _, err := m.EC2XML(op, map[string]any{"SecurityGroupRules": []any{rule}}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", rule, err, says)
		}
	}
	if got, err := m.EC2Failure(op, http.StatusForbidden, "UnauthorizedOperation", "no"); err != nil || !strings.Contains(string(got), "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message>") {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := m.EC2Failure(op, http.StatusOK, "UnauthorizedOperation", "no"); err == nil || !strings.Contains(err.Error(), "comes with the status 403 and not 200") {
		t.Error(err)
	}
	if _, err := m.EC2Failure(op, http.StatusBadRequest, "Invented", "no"); err == nil || !strings.Contains(err.Error(), "never fails with Invented") {
		t.Error(err)
	}
}
