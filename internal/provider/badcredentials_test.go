package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

const (
	awsCredentials = "sluice_aws_credentials"
	releasesRole   = "arn:aws:iam::123456789012:role/releases"
)

// credentials is a configuration of the ephemeral resource, for the wire. The text
// "UNKNOWN" is a value that is not known yet.
func credentials(t *testing.T, p *acctest.Protocol, change map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	given := map[string]any{
		"service": "checkout", "environment": "production", "region": "eu-central-1", "role_arn": releasesRole,
		"target": map[string]any{"lambda": map[string]any{"function": "checkout"}},
	}
	maps.Copy(given, change)
	schema := p.Schemas.EphemeralResourceSchemas[awsCredentials]
	values := map[string]tftypes.Value{}
	for _, a := range schema.Block.Attributes {
		v, ok := given[a.Name]
		if !ok {
			continue
		}
		if v == "UNKNOWN" {
			values[a.Name] = tftypes.NewValue(a.ValueType(), tftypes.UnknownValue)
			continue
		}
		values[a.Name] = acctest.Given(a.ValueType(), v)
	}
	return p.Value(acctest.Filled(schema.ValueType(), values))
}

const albRoute = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"

var albGroups = []any{
	"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067",
	"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823",
}

// many are twenty listeners of one load balancer.
func many(route string) []any {
	out := make([]any, 20)
	for i := range out {
		out[i] = fmt.Sprintf("%s%02d", route[:len(route)-2], i)
	}
	return out
}

func checkCredentials(t *testing.T, p *acctest.Protocol, change map[string]any) []*tfprotov6.Diagnostic {
	t.Helper()
	resp, err := p.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: awsCredentials, Config: credentials(t, p, change)})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// TestBadCredentialsAreRefusedOnTheirAttribute has one message for each mistake.
func TestBadCredentialsAreRefusedOnTheirAttribute(t *testing.T) {
	p := acctest.Speak(t, acctest.World(), "sqlite:"+t.TempDir()+"/ledger.db")
	one := func(name string, value any) map[string]any { return map[string]any{name: value} }
	lambda := func(config map[string]any) map[string]any { return one("target", map[string]any{"lambda": config}) }
	alb := func(groups []any, routes ...any) map[string]any {
		return one("target", map[string]any{"alb": map[string]any{"target_groups": groups, "routes": routes}})
	}
	ecs := func(change map[string]any) map[string]any {
		given := map[string]any{"cluster": "production", "service": "checkout", "family": "checkout"}
		maps.Copy(given, change)
		return one("target", map[string]any{"ecs": given})
	}
	other := func(arn any) any { return strings.ReplaceAll(fmt.Sprint(arn), "123456789012", "210987654321") }
	for name, c := range map[string]struct {
		change map[string]any
		path   string
		want   string
	}{
		"a zone":               {one("region", "eu-central-1a"), "region", "not the name of a region"},
		"a role's name":        {one("role_arn", "releases"), "role_arn", "not the ARN of a role"},
		"a role of another":    {one("role_arn", "arn:aws-cn:iam::123456789012:role/releases"), "role_arn", "is in the partition aws-cn"},
		"two hours":            {one("duration", "2h"), "duration", "from 15m to 1h"},
		"a minute":             {one("duration", "1m"), "duration", "from 15m to 1h"},
		"an external id":       {one("external_id", "a b"), "external_id", "an external id has"},
		"a tag for a digest":   {one("reference", "s3://acme-builds/checkout/1.4.0.zip"), "reference", "has no digest"},
		"a configuration":      {one("configuration_digest", "abc"), "configuration_digest", "digest"},
		"no driver":            {one("target", map[string]any{}), "target", "exactly one driver"},
		"a function's ARN":     {lambda(map[string]any{"function": "arn:aws:lambda:eu-central-1:123456789012:function:checkout"}), "target.lambda.function", "not a function's name"},
		"a bucket alone":       {lambda(map[string]any{"function": "checkout", "packages": "acme-builds"}), "target.lambda.packages", "does not name packages"},
		"too long a policy":    {lambda(map[string]any{"function": "checkout", "packages": "acme-builds/" + strings.Repeat("&", 1000)}), "target.lambda", "AWS takes at most 2048"},
		"a route that is none": {alb(albGroups, "web"), "target.alb.routes[0]", "is not the ARN of a listener or a listener's rule"},
		"a route of no end":    {alb(albGroups, "web/*"), "target.alb.routes[0]", `"web/*" is not the ARN of a listener or a listener's rule, nor one that ends in "/*"`},
		"routes of no kind":    {alb(albGroups, "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188/*"), "target.alb.routes[0]", "loadbalancer/app/web/50dc6c495c0c9188/*"},
		"no region, and ARNs":  {map[string]any{"region": "eu central", "target": alb(albGroups, albRoute)["target"]}, "region", `"eu central" is not the name of a region; for example "eu-central-1"`},
		"another account":      {alb([]any{other(albGroups[0]), other(albGroups[1])}, other(albRoute)), "target.alb.target_groups", "whose sessions reach nothing there"},
		"many routes":          {alb(albGroups, many(albRoute)...), "target.alb", "AWS takes at most 2048"},
		"a service's ARN":      {ecs(one("service", "arn:aws:ecs:eu-central-1:123456789012:service/production/checkout")), "target.ecs.service", "is not the service's name"},
		"a family's revision":  {ecs(one("family", "checkout:7")), "target.ecs.family", "is not the family of the service's task definitions"},
		"a role handed on":     {ecs(one("roles", []any{"checkout-task"})), "target.ecs.roles[0]", "is not the ARN of a role that ECS is handed"},
		"a token of no kind":   {one("assume_role_with_web_identity", map[string]any{"role_arn": releasesRole, "token": map[string]any{}}), "assume_role_with_web_identity.token", "names nothing"},
		"a hop that is none":   {one("assume_role", []any{map[string]any{"role_arn": "hop"}}), "assume_role[0].role_arn", "not the ARN of a role"},
	} {
		t.Run(name, func(t *testing.T) {
			diags := checkCredentials(t, p, c.change)
			if len(diags) != 1 || acctest.Path(diags[0]) != c.path || !strings.Contains(diags[0].Detail, c.want) || !strings.Contains(diags[0].Detail, "for example") {
				t.Fatalf("want %q on %s, got %v", c.want, c.path, acctest.Errors(diags))
			}
			acctest.Golden(t, "bad credentials: "+name, diags[0].Summary+"\n"+diags[0].Detail)
		})
	}
}

// TestCredentialsThatAreNotKnownYet are not refused for what is missing.
func TestCredentialsThatAreNotKnownYet(t *testing.T) {
	p := acctest.Speak(t, acctest.World(), "sqlite:"+t.TempDir()+"/ledger.db")
	for _, name := range []string{"service", "environment", "region", "role_arn", "target", "metrics", "reference", "configuration_digest", "duration", "external_id", "assume_role", "assume_role_with_web_identity", "profile"} {
		if diags := checkCredentials(t, p, map[string]any{name: "UNKNOWN"}); len(diags) > 0 {
			t.Errorf("%s is not known: %v", name, acctest.Errors(diags))
		}
	}
}

// TestCredentialsThatAWSRefuses has the messages for what only AWS knows.
func TestCredentialsThatAWSRefuses(t *testing.T) {
	sts := ststest.New(t, clock.System{}.Now)
	sts.Credentials(t)
	p := acctest.Speak(t, acctest.World(), "sqlite:"+t.TempDir()+"/ledger.db")
	for name, c := range map[string]struct {
		prepare func()
		want    string
	}{
		"a role that does not trust": {func() { sts.Roles[releasesRole] = ststest.Role{} }, "sts:TagSession"},
		"too large when packed":      {func() { sts.Roles[releasesRole] = ststest.Open(); sts.Room = 50 }, "session_tags = false"},
		"a key that has expired":     {func() { sts.Expired["AKIAEXAMPLE"] = true }, "aws sts get-caller-identity"},
	} {
		t.Run(name, func(t *testing.T) {
			sts.Room, sts.Expired = 0, map[string]bool{}
			c.prepare()
			resp, err := p.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: awsCredentials, Config: credentials(t, p, nil)})
			if err != nil || len(resp.Diagnostics) != 1 || !strings.Contains(resp.Diagnostics[0].Detail, c.want) {
				t.Fatalf("want %q, got %v, %v", c.want, err, resp.Diagnostics)
			}
			acctest.Golden(t, "credentials: "+name, resp.Diagnostics[0].Summary+"\n"+resp.Diagnostics[0].Detail)
		})
	}
}
