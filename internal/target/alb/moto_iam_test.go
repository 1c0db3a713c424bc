package alb_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
)

// running tells of as many tasks as are wanted, which moto does not start.
func running(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeServices") {
		next.ServeHTTP(w, r)
		return
	}
	heard := httptest.NewRecorder()
	next.ServeHTTP(heard, r)
	body := heard.Body.Bytes()
	var answer map[string]any
	if heard.Code == http.StatusOK && json.Unmarshal(body, &answer) == nil {
		for _, one := range answer["services"].([]any) { //nolint:forcetypeassert // The protocol says so.
			service := one.(map[string]any) //nolint:forcetypeassert // The protocol says so.
			service["runningCount"], service["deployments"] = service["desiredCount"], []any{}
		}
		body, _ = json.Marshal(answer) // It was JSON.
	}
	w.Header().Set("Content-Type", heard.Header().Get("Content-Type"))
	w.WriteHeader(heard.Code)
	_, _ = io.Copy(w, bytes.NewReader(body)) // Whoever asked may be gone.
}

// services puts a pair of services behind the groups.
func (m moto) services(c *alb.Config) {
	m.t.Helper()
	api := awsecs.New(awsecs.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.url), Retryer: aws.NopRetryer{}, Credentials: credentials.NewStaticCredentialsProvider("x", "y", "")})
	_, err := api.CreateCluster(m.t.Context(), &awsecs.CreateClusterInput{ClusterName: aws.String("production")})
	if err == nil {
		_, err = api.RegisterTaskDefinition(m.t.Context(), &awsecs.RegisterTaskDefinitionInput{Family: aws.String("checkout"), ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("checkout"), Image: aws.String(old.Reference), Memory: aws.Int32(128), Essential: aws.Bool(true)}}})
	}
	c.ECS = &alb.ECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}}
	for i, name := range c.ECS.Services {
		if err == nil {
			_, err = api.CreateService(m.t.Context(), &awsecs.CreateServiceInput{Cluster: aws.String("production"), ServiceName: aws.String(name), TaskDefinition: aws.String("checkout:1"), DesiredCount: aws.Int32(int32(1 - i)),
				LoadBalancers: []types.LoadBalancer{{TargetGroupArn: aws.String(c.TargetGroups[i]), ContainerName: aws.String("checkout"), ContainerPort: aws.Int32(8080)}}})
		}
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// policyEnforced shows, where IAM is enforced, that what a session may do once the gates
// pass suffices for a release, that what it may do before suffices for the way back of
// that release and for nothing new, and that a right that is missing is named.
func policyEnforced(t *testing.T, server *s3test.MotoServer, m moto, c alb.Config) {
	m.services(&c)
	server.Before(running)
	g, _ := askedFor(t, ofServices)
	as := func(name string, statements []awscloud.Statement, without string) target.Target {
		for i := range statements {
			// Moto asks IAM about actions on anything, never on one thing, and of no conditions.
			statements[i].Resource, statements[i].Condition = []string{"*"}, nil
		}
		policy, err := awscloud.Document(statements)
		if err != nil {
			t.Fatal(err)
		}
		id, secret := server.User(t, name, strings.ReplaceAll(policy, `"`+without+`"`, `"ecs:RunTask"`))
		t.Setenv("AWS_ACCESS_KEY_ID", id)
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		d := &patient{open(t, c, clock.System{})}
		// Whose credentials these are is looked up now, while they are in the environment.
		if _, err := d.Observe(t.Context()); err != nil {
			t.Fatal(err)
		}
		return d
	}
	full, until := as("full", g.Full, "none"), as("until", g.ReadAndRevert, "none")
	without := map[string]target.Target{}
	for _, action := range []string{"elasticloadbalancing:AddTags", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyListener", "ecs:UpdateService"} {
		without[action] = as("no-"+action[strings.Index(action, ":")+1:], g.Full, action)
	}
	server.Enforce(t)
	prepared := func(d target.Target) error {
		_, err := again(func() (target.Progress, error) {
			return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b})
		})
		return err
	}
	lacks := func(err error, action string) {
		t.Helper()
		if target.CodeOf(err) != target.CodeUnauthorized || !strings.Contains(err.Error(), "may not do "+action) {
			t.Errorf("without %s: %v", action, err)
		}
	}
	lacks(prepared(without["elasticloadbalancing:AddTags"]), "elasticloadbalancing:AddTags")
	lacks(prepared(until), "ecs:RegisterTaskDefinition")
	lacks(prepared(without["ecs:UpdateService"]), "ecs:UpdateService")
	if err := prepared(full); err != nil {
		t.Fatalf("once the gates pass: %v", err)
	}
	_, err := apply(t, without["elasticloadbalancing:ModifyRule"], "50", 50)
	lacks(err, "elasticloadbalancing:ModifyRule")
	_, err = apply(t, without["elasticloadbalancing:ModifyListener"], "25", 25) // The rule goes first.
	lacks(err, "elasticloadbalancing:ModifyListener")
	steps(t, full, "50", 50)
	if o, err := full.Observe(t.Context()); err != nil || o.Canary == nil || o.Canary.Weight != 50 || !o.Canary.Payload.Same(b) {
		t.Fatalf("%+v, %v", o, err)
	}
	if p, err := until.Revert(t.Context(), write("revert")); err != nil || !p.Done {
		t.Errorf("the way back: %+v, %v", p, err)
	}
	p, err := again(func() (target.Progress, error) { return until.Finalize(t.Context(), write("finalize")) })
	if o := p.Observation; err != nil || o.Canary != nil || o.Baseline == nil || o.Baseline.Weight != 100 || !o.Baseline.Payload.Same(old) {
		t.Errorf("%+v, %v", p, err)
	}
}
