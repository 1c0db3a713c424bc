package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// Nothing is asked of AWS, let alone made, without the word and an account; and nothing
// is made in another account than the one that was named.
func TestItRefuses(t *testing.T) {
	asked := 0
	who := func(context.Context) (string, error) { asked++; return "123456789012", nil }
	for _, c := range []struct {
		yes, account, want string
		asks               int
	}{
		{"", "", `SLUICE_LIVE is ""`, 0},
		{"true", "123456789012", `SLUICE_LIVE is "true"`, 0},
		{"yes", "", `SLUICE_LIVE_ACCOUNT is ""`, 0},
		{"yes", "12345", `must be the 12 digits`, 0},
		{"yes", "210987654321", "the credentials are of the account 123456789012, and SLUICE_LIVE_ACCOUNT names 210987654321; nothing was made", 1},
		{"yes", "123456789012", "", 1},
	} {
		asked = 0
		getenv := func(key string) string { return map[string]string{envYes: c.yes, envAccount: c.account}[key] }
		got, err := allowed(t.Context(), getenv, who)
		if c.want == "" && (err != nil || got != c.account) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || asked != c.asks {
			t.Errorf("%+v: %q, %v, asked %d times", c, got, err, asked)
		}
	}
	if _, err := allowed(t.Context(), func(key string) string { return map[string]string{envYes: "yes", envAccount: "123456789012"}[key] },
		func(context.Context) (string, error) { return "", errors.New("expired") }); err == nil || !strings.Contains(err.Error(), "nothing is made: expired") {
		t.Error(err)
	}
}

// account is moto, with what a run would have left behind.
func account(t *testing.T) (*s3test.MotoServer, *api) {
	t.Helper()
	m := s3test.Moto(t)
	s3test.Env(t.Setenv)
	t.Setenv("AWS_ENDPOINT_URL", m.Endpoint)
	a, err := connect(t.Context(), "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	return m, a
}

// makes makes something by a form, and returns an element of the answer.
func makes(t *testing.T, a *api, element, service, action string, params ...string) string {
	t.Helper()
	text, err := a.form(t.Context(), service, action, params...)
	if err != nil {
		t.Fatal(err)
	}
	if found := elements(text, element); len(found) > 0 {
		return found[0]
	}
	return ""
}

// left makes a stack as a run that was killed leaves it, and what is not a run's.
func left(t *testing.T, a *api) {
	t.Helper()
	ec2 := func(element, action, id string, params ...string) string {
		params = append(params, "TagSpecification.1.ResourceType", id, "TagSpecification.1.Tag.1.Key", tagKey, "TagSpecification.1.Tag.1.Value", "x")
		return makes(t, a, element, "ec2", action, params...)
	}
	vpc := ec2("vpcId", "CreateVpc", "vpc", "CidrBlock", "10.20.0.0/16")
	gateway := ec2("internetGatewayId", "CreateInternetGateway", "internet-gateway")
	makes(t, a, "", "ec2", "AttachInternetGateway", "InternetGatewayId", gateway, "VpcId", vpc)
	subnet := ec2("subnetId", "CreateSubnet", "subnet", "VpcId", vpc, "CidrBlock", "10.20.0.0/24")
	ec2("routeTableId", "CreateRouteTable", "route-table", "VpcId", vpc)
	one := ec2("groupId", "CreateSecurityGroup", "security-group", "GroupName", "one", "GroupDescription", "x", "VpcId", vpc)
	two := ec2("groupId", "CreateSecurityGroup", "security-group", "GroupName", "two", "GroupDescription", "x", "VpcId", vpc)
	for _, pair := range [][2]string{{one, two}, {two, one}} {
		makes(t, a, "", "ec2", "AuthorizeSecurityGroupIngress", "GroupId", pair[0], "IpPermissions.1.IpProtocol", "tcp", "IpPermissions.1.FromPort", "80", "IpPermissions.1.ToPort", "80", "IpPermissions.1.Groups.1.GroupId", pair[1])
	}
	tag := []string{"Tags.member.1.Key", tagKey, "Tags.member.1.Value", "x"}
	balancer := makes(t, a, "LoadBalancerArn", "elasticloadbalancing", "CreateLoadBalancer", append(tag, "Name", "live", "Subnets.member.1", subnet, "SecurityGroups.member.1", one)...)
	group := makes(t, a, "TargetGroupArn", "elasticloadbalancing", "CreateTargetGroup", append(tag, "Name", "live", "Protocol", "HTTP", "Port", "80", "VpcId", vpc, "TargetType", "ip")...)
	makes(t, a, "", "elasticloadbalancing", "CreateListener", "LoadBalancerArn", balancer, "Protocol", "HTTP", "Port", "80", "DefaultActions.member.1.Type", "forward", "DefaultActions.member.1.TargetGroupArn", group)
	ecs := func(operation string, in map[string]any) {
		in["tags"] = []any{map[string]any{"key": tagKey, "value": "x"}}
		if err := a.json(t.Context(), "ecs", ecsTarget+operation, in, nil); err != nil {
			t.Fatal(err)
		}
	}
	ecs("CreateCluster", map[string]any{"clusterName": "live"})
	ecs("RegisterTaskDefinition", map[string]any{"family": "live", "containerDefinitions": []any{map[string]any{"name": "app", "image": "x", "memory": 128}}})
	ecs("CreateService", map[string]any{"cluster": "live", "serviceName": "live", "taskDefinition": "live", "desiredCount": 1})
	if err := a.json(t.Context(), "logs", "Logs_20140328.CreateLogGroup", map[string]any{"logGroupName": "/ecs/live", "tags": map[string]string{tagKey: "x"}}, nil); err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"2012-10-17","Statement":[]}`
	for _, name := range []string{roleName + "abc-releases", "somebody-elses"} {
		makes(t, a, "", "iam", "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust)
	}
	makes(t, a, "", "iam", "PutRolePolicy", "RoleName", roleName+"abc-releases", "PolicyName", "sluice", "PolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}`)
	if _, err := a.send(t.Context(), "s3", "PUT", "/live", `<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>`, nil); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"/live?tagging": "<Tagging><TagSet><Tag><Key>" + tagKey + "</Key><Value>x</Value></Tag></TagSet></Tagging>", "/live/checkout/1.0.0.zip": "x"} {
		if _, err := a.send(t.Context(), "s3", "PUT", path, body, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// What a killed run left goes, also what can only go after something else; what is
// somebody else's stays, and a wrong account is not even looked at.
func TestItCleansUp(t *testing.T) {
	m, a := account(t)
	left(t, a)
	found, err := leftovers(t.Context(), a)
	if err != nil || len(found) < 13 {
		t.Fatalf("%d found: %q, %v", len(found), found, err)
	}
	getenv := func(account string) func(string) string {
		return func(key string) string { return map[string]string{envYes: "yes", envAccount: account}[key] }
	}
	if err := run(t.Context(), []string{"clean"}, getenv("210987654321"), &bytes.Buffer{}); err == nil {
		t.Error("another account is cleaned up")
	}
	// The group is in use at first, as subnets are for minutes after a load balancer.
	busy := s3test.Times(2, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		http.Error(w, "<Error><Code>DependencyViolation</Code></Error>", http.StatusBadRequest)
	})
	m.Before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.ContentLength > 0 && strings.Contains(r.Header.Get("Authorization"), "/ec2/") && form(r).Get("Action") == "DeleteSubnet" {
			busy(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
	var out bytes.Buffer
	if err := clean(t.Context(), a, clock.NewAuto(time.Unix(0, 0)), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	m.Before(nil)
	if again, err := leftovers(t.Context(), a); err != nil || len(again) > 0 && !onlyInactive(t, a, again) {
		t.Errorf("left: %q, %v", again, err)
	}
	if roles, err := a.form(t.Context(), "iam", "ListRoles"); err != nil || !strings.Contains(roles, "somebody-elses") || strings.Contains(roles, roleName) {
		t.Errorf("roles: %s, %v", roles, err)
	}
}

// onlyInactive says whether all that is listed is of ECS, which AWS keeps for a while
// when it has been taken away, and whether it has been.
func onlyInactive(t *testing.T, a *api, arns []string) bool {
	t.Helper()
	var got struct {
		Clusters, Services []struct{ Status string }
	}
	if err := a.json(t.Context(), "ecs", ecsTarget+"DescribeClusters", map[string]any{"clusters": []string{"live"}}, &got); err != nil {
		t.Fatal(err)
	}
	if err := a.json(t.Context(), "ecs", ecsTarget+"DescribeServices", map[string]any{"cluster": "live", "services": []string{"live"}}, &got); err != nil && !strings.Contains(err.Error(), "ClusterNotFound") {
		t.Fatal(err)
	}
	for _, one := range append(got.Clusters, got.Services...) {
		if one.Status != "INACTIVE" {
			t.Errorf("ECS has something that is %s: %+v", one.Status, got)
		}
	}
	for _, arn := range arns {
		if !strings.Contains(arn, ":ecs:") {
			return false
		}
	}
	return true
}

func form(r *http.Request) url.Values {
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(r.Body) // It is of this test.
	r.Body = http.NoBody
	f, _ := url.ParseQuery(body.String()) // It is a form.
	r.Body = readCloser{bytes.NewReader(body.Bytes())}
	return f
}

type readCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }

// What cannot be taken away is named, with what AWS says of it.
func TestWhatStaysIsNamed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Amz-Target") != "":
			_, _ = w.Write([]byte(`{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-1"},{"ResourceARN":"arn:aws:kafka:eu-central-1:123456789012:x"}]}`))
		case form(r).Get("Action") == "ListRoles":
		default:
			http.Error(w, "DependencyViolation", http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	s3test.Env(t.Setenv)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	a, err := connect(t.Context(), "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	err = clean(t.Context(), a, clock.NewAuto(time.Unix(0, 0)), &bytes.Buffer{})
	for _, part := range []string{"2 things are left, and cost money", "vpc/vpc-1", "kafka", "DependencyViolation"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

// A registry's digests are those of its answers' headers, and a tag that is not there
// is an error.
func TestDigests(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/token/"):
			_, _ = w.Write([]byte(`{"token":"pass"}`))
		case r.Header.Get("Authorization") != "Bearer pass":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v2/a/manifests/1":
			w.Header().Set("Docker-Content-Digest", "sha256:1")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	if got, err := digests(t.Context(), server.URL, "a", []string{"1"}); err != nil || len(got) != 1 || got[0] != "sha256:1" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := digests(t.Context(), server.URL, "a", []string{"2"}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}
