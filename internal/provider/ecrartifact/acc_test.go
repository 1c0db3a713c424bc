package ecrartifact_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/signature/signaturetest"
)

func TestMain(m *testing.M) {
	signaturetest.Main()
	acctest.Main(m)
}

const (
	who    = "https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main"
	issuer = "https://token.actions.githubusercontent.com"
)

// stage is Terraform in front of an ECR with one image.
type stage struct {
	*acctest.Terraform
	t        *testing.T
	server   *ecrtest.Server
	sigstore *signaturetest.Sigstore
	digest   string
	subject  ecrtest.Descriptor
}

// newStage makes one; verifier is where sluice-verify is.
func newStage(t *testing.T, verifier string) *stage {
	t.Helper()
	awstest.Credentials(t)
	world := acctest.World()
	world.Verifier = verifier
	s := &stage{Terraform: acctest.New(t, world), t: t, server: ecrtest.NewServer(t), sigstore: signaturetest.New(t)}
	m := ecrtest.Image("one")
	raw, _ := m.Raw()
	s.digest, s.subject = s.server.Push(m, "1.0.0"), ecrtest.Blob(ecrtest.ImageType, raw)
	s.Terraform.Write("trusted_root.json", string(s.sigstore.Root()))
	return s
}

// attach attaches a bundle of somebody's to the image.
func (s *stage) attach(identity string) {
	const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
	layer := s.server.Blob(bundle, s.sigstore.Attest(identity, issuer, s.digest))
	s.server.Push(ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.ImageType, ArtifactType: bundle, Layers: []ecrtest.Descriptor{layer}, Subject: &s.subject})
}

// asks writes the data source with some lines.
func (s *stage) asks(lines string) {
	if !strings.Contains(lines, "repository ") {
		lines += "\n  repository = \"acme/checkout\""
	}
	if !strings.Contains(lines, "region ") {
		lines += "\n  region = \"eu-central-1\""
	}
	s.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\ndata \"sluice_ecr_artifact\" \"x\" {\n  endpoint = %q\n%s\n}\n", filepath.Join(s.Dir, "ledger.db"), s.server.URL, lines))
}

const signed = `  tag = "1.0.0"
  signature = {
    identity                = { issuer = "` + issuer + `", subject_pattern = "https://github\\.com/acme/checkout/.*" }
    certificate_log_entries = 0
    trusted_root            = file("trusted_root.json")
  }
`

func TestAccASignatureIsEvidence(t *testing.T) {
	s := newStage(t, signaturetest.Program(t))
	evidence := func() map[string]any {
		list, _ := s.State("data.sluice_ecr_artifact.x")["evidence"].([]any)
		e, _ := list[0].(map[string]any)
		return e
	}
	s.asks(signed)
	s.MustApply()
	if e := evidence(); e["kind"] != "signature" || e["status"] != "fail" || e["reason"] != "no signature is attached to the image" || e["digest"] != s.digest {
		t.Errorf("without a signature: %+v", e)
	}
	s.asks(signed + "  require_signature = true\n")
	s.Golden("nobody signed it", s.Plan(), "error")

	s.attach("mallory@evil.example")
	if plan := s.Plan(); plan.Exit != 1 || !strings.Contains(plan.Text("error"), "no signature is by whom this trusts") {
		t.Errorf("exit %d: %s", plan.Exit, plan.Text("error"))
	}
	s.attach(who)
	s.MustApply()
	got, _ := s.State("data.sluice_ecr_artifact.x")["signed"].(map[string]any)
	if e := evidence(); e["status"] != "pass" || e["reason"] != "signed by "+who+" ("+issuer+")" || got["verified"] != true || got["identity"] != who || got["issuer"] != issuer || got["logged_at"] == nil {
		t.Errorf("%+v, %+v", e, got)
	}
	// A bundle that is given is asked alone.
	s.Terraform.Write("bundle.json", string(s.sigstore.Attest("mallory@evil.example", issuer, s.digest)))
	s.asks(strings.Replace(signed, "trusted_root ", "bundle = file(\"bundle.json\")\n    trusted_root ", 1) + "  require_signature = true\n")
	if plan := s.Plan(); plan.Exit != 1 {
		t.Errorf("exit %d: another's bundle is taken", plan.Exit)
	}
}

// Where the program is not installed nobody can tell, which is no pass.
func TestAccWithoutTheProgramNobodyCanTell(t *testing.T) {
	s := newStage(t, filepath.Join(t.TempDir(), "sluice-verify"))
	s.attach(who)
	s.asks(signed)
	s.MustApply()
	if text := fmt.Sprint(s.State("data.sluice_ecr_artifact.x")["evidence"]); !strings.Contains(text, "status:unknown") || !strings.Contains(text, "sluice-verify is not beside the provider") {
		t.Error(text)
	}
	s.asks(signed + "  require_signature = true\n")
	plan := s.Plan()
	s.Wants(plan, "error", "is not signed as it must be (unknown)", "install the provider from its archive")
}

func TestAccBadInputIsRefusedOnItsAttribute(t *testing.T) {
	s := newStage(t, "")
	other := "sha256:" + strings.Repeat("0", 64)
	for name, c := range map[string]struct{ lines, path, want string }{
		"no tag and no digest":    {``, "tag", `neither a tag nor a digest is given`},
		"no such repository":      {"tag = \"1.0.0\"\n  repository = \"acme/shop\"", "repository", "there is no repository acme/shop in eu-central-1"},
		"no such tag":             {`tag = "2.0.0"`, "tag", `has no tag "2.0.0"`},
		"no such digest":          {`digest = "` + other + `"`, "digest", "has no image " + other},
		"a scan's age in days":    {"tag = \"1.0.0\"\n  scan = { max_age = \"3d\" }", "scan.max_age", `"3d" is not a duration; write days as hours, here "72h"`},
		"a signature of nobody's": {"tag = \"1.0.0\"\n  require_signature = true", "require_signature", "nothing says whose signature is required"},
	} {
		t.Run(name, func(t *testing.T) {
			s.asks("  " + c.lines)
			s.Seen()
			plan := s.Plan()
			if plan.Exit != 1 {
				t.Fatalf("exit %d: %s", plan.Exit, plan.Output)
			}
			s.Golden("bad input: "+name, plan, "error")
			var errs []acctest.Seen
			for _, seen := range s.Seen() {
				if seen.Error {
					errs = append(errs, seen)
				}
			}
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Detail, c.want) {
				t.Errorf("the errors are %+v, want one on %q that says %q", errs, c.path, c.want)
			}
		})
	}
}

// Terraform shows the line of an attribute that is written as a nested one, and the text
// names it, since core finds no more than the outer one.
func TestAccWhatIsNestedIsShownByTerraform(t *testing.T) {
	tf := acctest.NewProcess(t)
	tf.Write("main.tf", "data \"sluice_ecr_artifact\" \"x\" {\n  repository = \"acme/checkout\"\n  region     = \"eu-central-1\"\n  tag        = \"1.0.0\"\n  scan       = { max_age = \"3d\" }\n}\n")
	plan := tf.Plan()
	tf.Wants(plan, "error", `scan.max_age: "3d" is not a duration; write days as hours, here "72h"`)
	if !strings.Contains(plan.Output, `"code":"  scan       = { max_age`) {
		t.Errorf("the error is on no attribute: %s", plan.Output)
	}
}

func TestAccWhatAWSRefusesIsSaid(t *testing.T) {
	s := newStage(t, "")
	s.asks("  tag = \"1.0.0\"")
	s.server.Faults(func(operation string) awstest.Fault {
		if operation == "DescribeImages" {
			return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return awstest.Fault{}
	})
	s.Seen()
	s.Wants(s.Plan(), "error", "may not do ecr:DescribeImages", "allow ecr:DescribeImages in the policy")
	for _, seen := range s.Seen() {
		if seen.Error && seen.Path != "repository" {
			t.Errorf("it is said on %q", seen.Path)
		}
	}
	s.server.Faults(nil)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	s.Wants(s.Plan(), "error", "no credentials of AWS were found", "none are in the environment (AWS_ACCESS_KEY_ID")
}

// The examples of the documentation, in front of an ECR that has what they ask for.
func TestAccTheExamplesOfTheDocumentation(t *testing.T) {
	s := newStage(t, signaturetest.Program(t))
	s.server.Push(ecrtest.Image("two"), "1.4.2")
	folder := filepath.Join("..", "..", "..", "examples", "data-sources", "sluice_ecr_artifact")
	t.Setenv("AWS_ENDPOINT_URL_ECR", s.server.URL)
	t.Setenv("SLUICE_LEDGER", "sqlite:"+filepath.Join(s.Dir, "ledger.db"))
	for _, name := range []string{"data-source.tf", "full.tf"} {
		for from, to := range map[string]string{name: "main.tf", "release.pub": "release.pub"} {
			raw, err := os.ReadFile(filepath.Join(folder, from))
			if err != nil {
				t.Fatal(err)
			}
			s.Write(to, string(raw))
		}
		s.MustApply()
		if got := s.State("data.sluice_ecr_artifact.checkout"); !cmp.Equal(got["tags"], []any{"1.4.2"}) || (got["signed"] != nil) != (name == "full.tf") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
