package alb_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

// moto is an AWS of which nobody here wrote a line.
type moto struct {
	t   testing.TB
	url string
}

// call makes a request in the query protocol and returns the answer's text.
func (m moto) call(service, action, version string, params ...string) string {
	m.t.Helper()
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.url, strings.NewReader(form.Encode()))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260301/eu-central-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		m.t.Fatalf("%s: %s %s %v", action, resp.Status, body, err)
	}
	return string(body)
}

const elbVersion = "2015-12-01"

func (m moto) elb(action string, params ...string) string {
	m.t.Helper()
	return m.call("elasticloadbalancing", action, elbVersion, params...)
}

// element is the first of its name.
func element(t testing.TB, text, name string) string {
	t.Helper()
	found := regexp.MustCompile("<" + name + ">([^<]+)</" + name + ">").FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there is no %s in %s", name, text)
	}
	return found[1]
}

// balance makes a load balancer with two target groups and a listener.
func (m moto) balance() alb.Config {
	subnets := regexp.MustCompile("<subnetId>([^<]+)<").FindAllStringSubmatch(m.call("ec2", "DescribeSubnets", "2016-11-15"), 2)
	vpc := element(m.t, m.call("ec2", "DescribeVpcs", "2016-11-15"), "vpcId")
	lb := element(m.t, m.elb("CreateLoadBalancer", "Name", "web", "Subnets.member.1", subnets[0][1], "Subnets.member.2", subnets[1][1]), "LoadBalancerArn")
	var groups []string
	for i, name := range []string{"checkout-blue", "checkout-green"} {
		arn := element(m.t, m.elb("CreateTargetGroup", "Name", name, "Protocol", "HTTP", "Port", "8080", "VpcId", vpc, "TargetType", "ip"), "TargetGroupArn")
		m.elb("RegisterTargets", "TargetGroupArn", arn, "Targets.member.1.Id", fmt.Sprintf("172.31.0.1%d", i), "Targets.member.1.Port", "8080")
		groups = append(groups, arn)
	}
	m.tag(groups[0], old.Digest(), old.Version)
	forward := func(prefix string) []string {
		at := prefix + ".member.1."
		return []string{at + "Type", "forward", at + "Order", "1",
			at + "ForwardConfig.TargetGroups.member.1.TargetGroupArn", groups[0], at + "ForwardConfig.TargetGroups.member.1.Weight", "100",
			at + "ForwardConfig.TargetGroups.member.2.TargetGroupArn", groups[1], at + "ForwardConfig.TargetGroups.member.2.Weight", "0"}
	}
	listener := element(m.t, m.elb("CreateListener", append(forward("DefaultActions"), "LoadBalancerArn", lb, "Protocol", "HTTP", "Port", "80")...), "ListenerArn")
	rule := element(m.t, m.elb("CreateRule", append(forward("Actions"), "ListenerArn", listener, "Priority", "10",
		"Conditions.member.1.Field", "host-header", "Conditions.member.1.HostHeaderConfig.Values.member.1", "shop.example")...), "RuleArn")
	return alb.Config{TargetGroups: groups, Routes: []string{rule, listener}, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: m.url}}
}

func (m moto) tag(group, digest, version string) {
	m.t.Helper()
	m.elb("AddTags", "ResourceArns.member.1", group, "Tags.member.1.Key", "sluice:artifact", "Tags.member.1.Value", digest, "Tags.member.2.Key", "sluice:version", "Tags.member.2.Value", version)
}

// weight is what the listener or rule gives to a group.
func (m moto) weight(route, group string) string {
	m.t.Helper()
	action, param := "DescribeListeners", "ListenerArns.member.1"
	if strings.Contains(route, "listener-rule") {
		action, param = "DescribeRules", "RuleArns.member.1"
	}
	text := m.elb(action, param, route)
	for _, tuple := range regexp.MustCompile(`(?s)<member>\s*<TargetGroupArn>.*?</member>`).FindAllString(text, -1) {
		if strings.Contains(tuple, group) {
			return element(m.t, tuple, "Weight")
		}
	}
	m.t.Fatalf("%s is not in %s", group, text)
	return ""
}

// What moto and AWS agree on, on one moto, which takes seconds to start.
func TestOnMoto(t *testing.T) {
	awstest.Credentials(t)
	server := s3test.Moto(t)
	m := moto{t, server.Endpoint}
	c := m.balance()
	t.Run("IAM enforced", func(t *testing.T) { policyEnforced(t, server, moto{t, m.url}, c) })
	t.Run("contract", func(t *testing.T) { conformance(t, moto{t, m.url}, c) })
}

// conformance: moto keeps the contract with this driver, too: one of the rules in each
// run, and all of them with make moto, which takes 20 seconds.
func conformance(t *testing.T, m moto, c alb.Config) {
	d := &deployed{open(t, c, clock.System{}), func(p artifact.Payload) {
		for i, group := range c.TargetGroups {
			if m.weight(c.Routes[1], group) == "0" && (p.Digest() == a.Digest() || p.Digest() == b.Digest()) {
				m.tag(c.TargetGroups[i], p.Digest(), p.Version)
			}
		}
	}}
	f := &targettest.Fixture{Target: &patient{d}, A: a, B: b, Clock: clock.NewAuto(some)}
	bounded, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if os.Getenv("ALB_CHECKS") == "all" {
		targettest.RunOn(t, f)
	} else {
		few := []string{"apply/weights"}
		for _, check := range checks.All() {
			if !slices.Contains(few, check.Name) {
				continue
			}
			if r := checks.RunOne(bounded, check, f); r.Status != checks.Pass {
				t.Errorf("%s: %s %s", r.Name, r.Status, r.Detail)
			}
		}
	}
	if conditions := m.elb("DescribeRules", "RuleArns.member.1", c.Routes[0]); !strings.Contains(conditions, "shop.example") {
		t.Errorf("the rule's conditions are gone: %s", conditions)
	}
}
