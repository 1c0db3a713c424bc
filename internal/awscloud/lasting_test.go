package awscloud_test

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

func webToken(end time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d}`, end.Unix())) + ".c2ln"
}

// What renews itself has no end; what a token gave ends with the token, or with the
// session that it gave last.
func TestUntilWhenCredentialsLast(t *testing.T) {
	server := &securityTokens{}
	s := httptest.NewServer(server)
	t.Cleanup(s.Close)
	early, late := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), time.Date(2130, 1, 1, 0, 0, 0, 0, time.UTC)
	session := time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC) // As securityTokens has it.
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	soon, later, opaque := write("soon", webToken(early)), write("later", webToken(late)), write("opaque", "no-web-token")
	profile := func(file string) string {
		return write("config-"+filepath.Base(file), "[profile ci]\nrole_arn = "+roleARN+"\nsource_profile = base\n[profile base]\nrole_arn = "+roleARN+"\nweb_identity_token_file = "+file+"\n")
	}
	identity := func(r credential.Reference) awscloud.Settings {
		return awscloud.Settings{WebIdentity: &awscloud.WebIdentity{ARN: roleARN, Token: &r}}
	}
	for name, c := range map[string]struct {
		env      map[string]string
		settings awscloud.Settings
		want     time.Time
	}{
		"keys without an end":         {env: keys},
		"keys with an end":            {env: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_CREDENTIAL_EXPIRATION": "2026-03-02T09:00:00Z"}, want: early},
		"keys with an end of nothing": {env: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CREDENTIAL_EXPIRATION": "soon"}},
		"a role on keys with an end":  {env: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CREDENTIAL_EXPIRATION": "2026-03-02T09:00:00Z"}, settings: awscloud.Settings{AssumeRole: []awscloud.Role{{ARN: roleARN}}}, want: session},
		"a role on keys":              {env: keys, settings: awscloud.Settings{AssumeRole: []awscloud.Role{{ARN: roleARN}}}},
		"a token that ends first":     {env: map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": soon}, want: session},
		"a token that outlives":       {env: map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": later}, want: late},
		"a token that does not say":   {env: map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": opaque}},
		"a token of a profile":        {env: map[string]string{"AWS_CONFIG_FILE": profile(later)}, settings: awscloud.Settings{Profile: "ci"}, want: late},
		"a token of the settings":     {env: map[string]string{"OIDC": webToken(late)}, settings: identity(credential.Reference{Env: "OIDC"}), want: late},
		"a file of the settings":      {settings: identity(credential.Reference{File: later}), want: late},
		"a command of the settings":   {settings: identity(credential.Reference{Command: []string{"cat", later}})},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, c.env)
			t.Setenv("AWS_ENDPOINT_URL_STS", s.URL)
			c.settings.Region = "eu-central-1"
			session := awscloud.NewSession(c.settings, awscloud.Who{})
			if !session.CredentialsEnd().IsZero() {
				t.Error("it knows an end before anybody has asked for credentials")
			}
			if err := call(t, session); err != nil {
				t.Fatal(err)
			}
			if got := session.CredentialsEnd(); !got.At.Equal(c.want) || got.IsZero() != c.want.IsZero() {
				t.Errorf("%v, want %v", got.At, c.want)
			}
		})
	}
	// Whoever runs a workload writes the file anew in time.
	environment(t, map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_WEB_IDENTITY_TOKEN_FILE": later, "AWS_ENDPOINT_URL_STS": s.URL})
	renewed := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	if err := call(t, renewed); err != nil {
		t.Fatal(err)
	}
	write("later", webToken(late.Add(time.Hour)))
	if got := renewed.CredentialsEnd(); !got.At.Equal(late.Add(time.Hour)) {
		t.Errorf("after the file was written anew: %s", got)
	}
}
