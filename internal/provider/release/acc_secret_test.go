package release_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// marker is the secret. It begins each of the secrets of these tests.
const marker = "m4rker-s3cret"

// secretCase is one place that holds a secret, and what an apply of it ends with.
type secretCase struct {
	what, token, config string
	edit                func(string) string
	exit                int
}

// TestAccASecretIsNowhere puts the marker into every place that may hold a secret,
// and looks for it in everything that is written or printed. The provider is a
// process of its own, so that Terraform's trace has its log.
func TestAccASecretIsNowhere(t *testing.T) {
	t.Parallel()
	const token = marker + "-token"
	l := labtest.Start(t, lab.Config{Traffic: 200, Token: token})
	s := newStageOn(t, l)
	s.Terraform = acctest.NewProcess(t)
	s.ledger = filepath.Join(s.Dir, "ledger.db")
	secrets := t.TempDir()
	file := filepath.Join(secrets, "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := s.v2
	missing.Reference = "registry.example/checkout@sha256:" + strings.Repeat("0", 64)
	const declared = `
variable "url" {
  type      = string
  sensitive = true
  default   = null
}
`
	cases := []secretCase{
		{what: "an environment variable", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v1)},
		{what: "a file", token: `{ file = "` + file + `" }`, config: s.config(s.v2)},
		{what: "a command", token: `{ command = ["cat", "` + file + `"] }`, config: s.config(s.v1)},
		{what: "an artifact that is not there", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(missing), exit: 1},
		{what: "a token that is refused", token: `{ env = "SLUICE_TEST_WRONG" }`, config: s.config(s.v2), exit: 1},
		{what: "a token of two lines", token: `{ env = "SLUICE_TEST_LINES" }`, config: s.config(s.v2), exit: 1},
		{what: "a password in the target's URL", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v2), exit: 1,
			edit: func(c string) string { return strings.Replace(c, `"`+l.Contract+`"`, "var.url", 1) }},
		{what: "a password in the signal's URL", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v2), exit: 1,
			edit: func(c string) string { return strings.Replace(c, `"`+l.Metrics+`"`, "var.url", 1) }},
		{what: "a password in the ledger's URL", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v2), exit: 1,
			edit: func(c string) string { return strings.Replace(c, `"sqlite:`+s.ledger+`"`, "var.url", 1) }},
	}
	// A dependency's check sends a token, and its refusal must not show what a header
	// would have held.
	needs := func(more string) string {
		return s.config(s.v2, takesDefinition) + `
resource "sluice_external_dependency" "psp" {
  name   = "psp"
  checks = [{ name = "status", url = "` + l.Contract + `/v1/capabilities", token = { env = "SLUICE_TEST_TOKEN" }` + more + ` }]
}
resource "sluice_service" "checkout" {
  name                  = "checkout"
  external_dependencies = [sluice_external_dependency.psp.name]
}
`
	}
	cases = append(cases, []secretCase{
		{what: "a dependency's token", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: needs("")},
		{what: "a dependency's wrong token", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: strings.Replace(strings.Replace(needs(""), s.v2.Reference, s.v1.Reference, 1), `token = { env = "SLUICE_TEST_TOKEN" } }]`, `token = { env = "SLUICE_TEST_WRONG" } }]`, 1), exit: 1},
		{what: "a secret in a dependency's header", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: needs(`, headers = { Cookie = var.url }`), exit: 1, edit: func(c string) string { return c }},
		{what: "a password in a dependency's URL", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: needs(""), exit: 1,
			edit: func(c string) string {
				return strings.Replace(c, `url = "`+l.Contract+`/v1/capabilities"`, "url = var.url", 1)
			}},
	}...)
	// Whoever is told gets secrets in every way there is, and answers with one.
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		http.Error(rw, "what is "+req.Header.Get("Authorization")+" "+req.Header.Get("X-Api-Key")+" "+req.URL.String(), http.StatusForbidden)
	}))
	t.Cleanup(hook.Close)
	if err := os.WriteFile(filepath.Join(secrets, "url"), []byte(hook.URL+"/"+marker+"?sig="+marker), 0o600); err != nil {
		t.Fatal(err)
	}
	told := `
resource "sluice_notification" "events" {
  name    = "events"
  webhook = {
    url_from    = { file = "` + filepath.Join(secrets, "url") + `" }
    token       = { file = "` + file + `" }
    signing_key = { file = "` + file + `" }
    header      = { name = "X-Api-Key", value = { command = ["cat", "` + file + `"] } }
  }
}
`
	cases = append(cases, []secretCase{
		{what: "a webhook's secrets", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v1) + told},
		{what: "a secret in a webhook's URL", token: `{ env = "SLUICE_TEST_TOKEN" }`, config: s.config(s.v2) + `
resource "sluice_notification" "events" {
  name    = "events"
  webhook = { url = var.url }
}
`, exit: 1, edit: func(c string) string { return c }},
	}...)
	var printed bytes.Buffer
	for _, tc := range cases {
		config := strings.Replace(tc.config, `contract = { url =`, `contract = { token = `+tc.token+`, url =`, 1)
		config = strings.Replace(config, `openmetrics = {`, `openmetrics = { token = `+tc.token+`, `, 1)
		if tc.edit != nil {
			config = declared + tc.edit(config)
		}
		s.Write("main.tf", config)
		runs := [][]string{{"apply", "-json", "-input=false", "-auto-approve"}}
		if tc.edit == nil {
			// Terraform itself writes variables into a saved plan, also sensitive ones.
			runs = append([][]string{{"plan", "-json", "-input=false", "-out=tfplan"}}, runs...)
		}
		for _, run := range runs {
			cmd := s.Command(run...)
			cmd.Env = append(cmd.Env, "SLUICE_TEST_TOKEN="+token, "SLUICE_TEST_WRONG="+marker+"-wrong", "SLUICE_TEST_LINES="+marker+"-1\n"+marker+"-2",
				"TF_VAR_url=postgres://sluice:"+marker+"-password@127.0.0.1:1/db")
			result := s.Finish(cmd)
			if run[0] == "apply" && result.Exit != tc.exit {
				t.Fatalf("%s: exit %d: %s", tc.what, result.Exit, result.Text("error"))
			}
			if strings.Contains(result.Output, marker) {
				t.Errorf("%s: %s printed or logged the secret: %s", tc.what, run[0], around(result.Output))
			}
			printed.WriteString(result.Output)
		}
	}
	// The trace must have what the provider itself logs, or it proves nothing.
	for _, own := range []string{"releasing", "provider.terraform-provider-sluice", "Calling provider defined Resource Create"} {
		if !strings.Contains(printed.String(), own) {
			t.Errorf("the trace has no %q", own)
		}
	}
	if n := acctest.Search(t, s.Dir, marker); n < 5 {
		t.Errorf("only %d files were searched", n)
	}
}

// around gives what stands beside the marker.
func around(text string) string {
	at := strings.Index(text, marker)
	return text[max(0, at-300):min(len(text), at+100)]
}
