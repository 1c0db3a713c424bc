package awscredentials_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

const (
	role  = "arn:aws:iam::123456789012:role/releases"
	route = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
)

// stage is a folder whose configuration hands credentials to another provider.
func stage(t *testing.T) (*acctest.Terraform, *ststest.Server, string) {
	t.Helper()
	sts := ststest.New(t, clock.System{}.Now)
	sts.Credentials(t)
	sts.Roles[role] = ststest.Open()
	tf := acctest.New(t, acctest.World())
	echo, err := echoprovider.NewProviderServer()()
	if err != nil {
		t.Fatal(err)
	}
	tf.Attach(acctest.World(), map[string]func() tfprotov6.ProviderServer{"echo": func() tfprotov6.ProviderServer { return echo }})
	return tf, sts, filepath.Join(tf.Dir, "ledger.db")
}

// config hands credentials to a provider, which writes down what is no secret of them.
func config(ledger, more, rest string) string {
	return fmt.Sprintf(`
provider "sluice" {
  ledger = "sqlite:%s"
}
ephemeral "sluice_aws_credentials" "rollout" {
  service     = "checkout"
  environment = "production"
  region      = "eu-central-1"
  role_arn    = %q
  target      = { lambda = { function = "checkout", packages = "acme-builds/checkout/*" } }
  %s
}
ephemeral "sluice_aws_credentials" "shop" {
  service     = "shop"
  environment = "production"
  region      = "eu-central-1"
  role_arn    = %q
  reference   = "registry.example/shop@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  metrics     = true
  target = { alb = {
    target_groups = [for side in ["blue/73e2d6bc24d8a067", "green/9f0c4e1d7b6a5823"] : "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop-${side}"]
    routes        = ["%s"]
    ecs           = { cluster = "production", services = ["shop-blue", "shop-green"], family = "shop", roles = ["arn:aws:iam::123456789012:role/shop"] }
  } }
}
ephemeral "sluice_aws_credentials" "billing" {
  service     = "billing"
  environment = "production"
  region      = "eu-central-1"
  role_arn    = %q
  reference   = "registry.example/billing@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  target      = { ecs = { cluster = "production", service = "billing", family = "billing", roles = ["arn:aws:iam::123456789012:role/billing"] } }
}
provider "echo" {
  data = {
    billing = ephemeral.sluice_aws_credentials.billing.scope
    shop   = ephemeral.sluice_aws_credentials.shop.scope
    scope  = ephemeral.sluice_aws_credentials.rollout.scope
    reason = ephemeral.sluice_aws_credentials.rollout.reason
    secret = sha256(ephemeral.sluice_aws_credentials.rollout.secret_access_key)
    token  = length(ephemeral.sluice_aws_credentials.rollout.session_token)
  }
}
resource "echo" "seen" {}
%s
`, ledger, role, more, role, route, role, rest)
}

const (
	reference = `reference = "s3://acme-builds/checkout/1.4.0.zip@sha256:1111111111111111111111111111111111111111111111111111111111111111"`
	// What the same apply declares comes behind the credentials: Terraform does both at once
	// where nothing says what comes first, and they would sometimes see it.
	declared = `
resource "sluice_environment" "production" {
  name       = "production"
  tier       = "production"
  depends_on = [echo.seen]
}
`
	freeze = `
resource "sluice_change_window" "freeze" {
  name       = "freeze"
  kind       = "freeze"
  time_zone  = "UTC"
  reason     = "year end"
  owner      = "ops"
  absolute   = [{ starts_at = "2020-01-01", ends_at = "2199-01-01" }]
  depends_on = [echo.seen]
}
`
)

func seen(tf *acctest.Terraform) map[string]any {
	data, _ := tf.State("echo.seen")["data"].(map[string]any)
	return data
}

// TestAccCredentialsFeedAProvider: before there is a ledger they look and go back, with
// it and its gates open they do everything, and in a freeze they go back again. The
// secret is in no file, of whatever Terraform or Sluice writes.
func TestAccCredentialsFeedAProvider(t *testing.T) {
	tf, sts, ledger := stage(t)
	tf.Write("main.tf", config(ledger, reference, declared))
	first := tf.Plan()
	tf.Wants(first, "warning", "not in the ledger")
	if _, err := os.Stat(ledger); err == nil {
		t.Fatal("opening credentials at plan created the ledger")
	}
	if apply := tf.Apply(); apply.Exit != 0 {
		t.Fatal(apply.Output)
	}
	if got := seen(tf); got["scope"] != "read_and_revert" || fmt.Sprint(got["token"]) == "0" || len(fmt.Sprint(got["secret"])) != 64 {
		t.Errorf("without a ledger: %v", got)
	}
	tf.Write("main.tf", strings.NewReplacer(`"echo" "seen"`, `"echo" "open"`, "echo.seen", "echo.open").Replace(config(ledger, reference, declared+freeze)))
	if apply := tf.Apply(); apply.Exit != 0 || len(apply.Of("warning")) > 0 {
		t.Fatalf("exit %d, %s%s", apply.Exit, apply.Text("warning"), apply.Text("error"))
	}
	if data, _ := tf.State("echo.open")["data"].(map[string]any); data["scope"] != "full" || data["reason"] != "every gate passes" || data["shop"] != "full" || data["billing"] != "full" {
		t.Errorf("with every gate open: %v", data)
	}
	tf.Write("main.tf", config(ledger, reference, declared+freeze))
	apply := tf.Apply()
	if apply.Exit != 0 {
		t.Fatalf("a freeze made opening fail: %s", apply.Output)
	}
	tf.Wants(apply, "warning", "for reading and going back only", "freeze")
	if got := seen(tf); got["scope"] != "read_and_revert" || !strings.Contains(fmt.Sprint(got["reason"]), "freeze") {
		t.Errorf("in a freeze: %v", got)
	}
	if n := acctest.Search(t, tf.Dir, ststest.Secret); n < 5 {
		t.Errorf("only %d files were searched", n)
	}
	if len(sts.Sessions()) < 5 {
		t.Errorf("%d sessions", len(sts.Sessions()))
	}
	recorded(t, ledger, sts)
	balanced(t, sts)
	walked(t, sts)
}

// walked wants the sessions for a service of ECS to be cut to it: the word to go back
// always, a new image once the gates pass, no other service, and no question to IAM.
func walked(t *testing.T, sts *ststest.Server) {
	t.Helper()
	const ecs = "arn:aws:ecs:eu-central-1:123456789012:"
	scopes := map[string]int{}
	for _, s := range sts.Sessions() {
		scope := s.Tags["sluice:scope"]
		if s.Tags["sluice:service"] != "billing" {
			continue
		}
		scopes[scope]++
		if !s.May("ecs:StopServiceDeployment", ecs+"service-deployment/production/billing/1") || s.May("ecs:UpdateService", ecs+"service/production/shop") || s.May("iam:SimulatePrincipalPolicy", role) {
			t.Errorf("%s: %s", scope, s.Policy)
		}
		if s.May("ecs:RegisterTaskDefinition", ecs+"task-definition/billing:8") != (scope == "full") {
			t.Errorf("%s: a new image is allowed: %s", scope, s.Policy)
		}
	}
	if scopes["full"] == 0 || scopes["read_and_revert"] == 0 {
		t.Errorf("sessions %v", scopes)
	}
}

// balanced wants the sessions for what stands behind the load balancer to be cut to it:
// weights and metrics always, a new image once the gates pass, and no other's listener.
func balanced(t *testing.T, sts *ststest.Server) {
	t.Helper()
	scopes := map[string]int{}
	for _, s := range sts.Sessions() {
		scope := s.Tags["sluice:scope"]
		if s.Tags["sluice:service"] != "shop" {
			continue
		}
		scopes[scope]++
		if !s.May("elasticloadbalancing:ModifyListener", route) || !s.May("cloudwatch:GetMetricData", "*") || s.May("elasticloadbalancing:ModifyListener", route+"0") {
			t.Errorf("%s: %s", scope, s.Policy)
		}
		if s.May("ecs:RegisterTaskDefinition", "arn:aws:ecs:eu-central-1:123456789012:task-definition/shop:8") != (scope == "full") {
			t.Errorf("%s: a new image is allowed: %s", scope, s.Policy)
		}
	}
	if scopes["full"] == 0 || scopes["read_and_revert"] == 0 {
		t.Errorf("sessions %v", scopes)
	}
}

// TestAccCredentialsThatAreRefused: what AWS refuses fails at plan, in words; a ledger
// that cannot be read does not.
func TestAccCredentialsThatAreRefused(t *testing.T) {
	tf, sts, ledger := stage(t)
	sts.Roles[role] = ststest.Role{By: []string{"somebody"}}
	tf.Write("main.tf", config(ledger, "", ""))
	result := tf.Plan()
	tf.Wants(result, "error", "Unable to get credentials for checkout/production", "may not assume "+role, "sts:TagSession")
	sts.Roles[role] = ststest.Open()
	if err := os.WriteFile(ledger, []byte("this is no ledger at all, and nobody can read it"), 0o600); err != nil {
		t.Fatal(err)
	}
	result = tf.Plan()
	if result.Exit != 2 {
		t.Fatalf("exit %d: %s", result.Exit, result.Output)
	}
	tf.Wants(result, "warning", "not in the ledger", "look at everything and bring traffic back")
	tf.Write("main.tf", config(ledger, `duration = "2h"`, ""))
	tf.Wants(tf.Plan(), "error", "from 15m to 1h")
}
