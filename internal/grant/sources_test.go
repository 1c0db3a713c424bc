package grant_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Whatever gives AWS's own tools their credentials gives them here: a profile, a token
// of CI in the environment, and a configuration file with a token, which are the two
// ways of Terraform Cloud's dynamic credentials.
func TestCredentialsFromWhereAWSToolsTakeThem(t *testing.T) {
	const ci = "arn:aws:iam::111111111111:role/ci"
	token := filepath.Join(t.TempDir(), "token")
	file := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.WriteFile(token, []byte("the-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env     func(*testing.T)
		profile string
		roles   []string
		by      string
	}{
		"a profile with keys": {func(t *testing.T) {
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file(t, "[releases]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = x\n"))
		}, "releases", []string{role}, "AKIAPROFILE"},
		"a profile with a role": {func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", file(t, fmt.Sprintf("[profile releases]\nrole_arn = %s\nsource_profile = base\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = x\n", ci)))
		}, "releases", []string{ci, role}, "ASIA0000000000000001"},
		"a token in the environment": {func(t *testing.T) {
			t.Setenv("AWS_ROLE_ARN", ci)
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
		}, "", []string{ci, role}, "ASIA0000000000000001"},
		"a token in a configuration file": {func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", file(t, fmt.Sprintf("[default]\nrole_arn = %s\nweb_identity_token_file = %s\n", ci, token)))
		}, "", []string{ci, role}, "ASIA0000000000000001"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.declare()
			w.sts.Roles[ci] = ststest.Open()
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			c.env(t)
			req := w.request()
			req.Settings.Profile = c.profile
			w.open(req)
			var roles []string
			for _, s := range w.sts.Sessions() {
				roles = append(roles, s.Role)
			}
			if diff := cmp.Diff(c.roles, roles); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
			if last := w.sts.Sessions()[len(roles)-1]; last.Key != c.by {
				t.Errorf("asked with the key %s", last.Key)
			}
		})
	}
}

// Before a rollout is open the gates are asked with what is declared now, and where
// nothing is, with what the last rollout had.
func TestTheNextRolloutIsAskedAboutAsDeclared(t *testing.T) {
	w := newWorld(t)
	body := release.OpenedBody{Kind: release.Forward, Spec: release.Spec{Payload: was, Definition: &release.Service{Name: "checkout", Team: "old"}}}
	w.opened(1, body, release.Stepping, release.Succeeded)
	w.open(w.request())
	put := func(kind, name, content string) {
		t.Helper()
		if _, err := ledger.PutObject(t.Context(), w.ledger, ledger.Put{Kind: kind, Name: name, Content: json.RawMessage(content), Actor: "ci", At: start}); err != nil {
			t.Fatal(err)
		}
	}
	put(release.EnvironmentKind, "production", `{"name":"production","tier":"production","regions":["eu-central-1"]}`)
	put(release.ServiceKind, "checkout", `{"name":"checkout","team":"payments","dependencies":["cart"]}`)
	w.open(w.request())
	before := gate.Subject{Service: "checkout", Environment: "production", Tier: "production", Team: "old", Payload: next}
	after := before
	after.Team, after.Regions, after.Dependencies = "payments", []string{"eu-central-1"}, []string{"cart"}
	if diff := cmp.Diff([]gate.Subject{before, after}, w.door.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
