package release_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// registry is a lab whose artifacts come from an ECR.
type registry struct {
	*stage
	moto *s3test.MotoServer
	api  *awsecr.Client
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	t.Parallel()
	m := s3test.Moto(t)
	l := labtest.StartOnDemand(t, lab.Config{Traffic: 200})
	r := &registry{stage: &stage{Terraform: acctest.New(t, acctest.World()), t: t, lab: l}, moto: m, api: ecrtest.Client(m.Endpoint, "us-east-1")}
	r.ledger = filepath.Join(r.Dir, "ledger.db")
	ecrtest.Create(t, r.api, "acme/checkout", types.ImageTagMutabilityMutable)
	return r
}

// push makes an artifact that the lab can run, and pushes it under tags. What stands in
// ECR is the lab's own file, so that both know it by one digest.
func (r *registry) push(version string, tags ...string) artifact.Payload {
	r.t.Helper()
	p := r.lab.Artifact(descriptor(version))
	raw, err := os.ReadFile(filepath.Join(r.lab.Artifacts, "checkout-"+version+".json"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, tag := range tags {
		if digest := ecrtest.PushRaw(r.t, r.api, "acme/checkout", tag, ecrtest.ImageType, raw); digest != p.Digest() {
			r.t.Fatalf("the lab says %s, ECR %s", p.Digest(), digest)
		}
	}
	return p
}

// configured is a release of what the tag names, pinned by the release.
func (r *registry) configured(tag, asked, more string) string {
	c := strings.Replace(r.config(artifact.Payload{}, more), `{ version = "", reference = "" }`, "data.sluice_ecr_artifact.checkout.artifact", 1)
	return c + fmt.Sprintf(`
data "sluice_ecr_artifact" "checkout" {
  region     = "us-east-1"
  endpoint   = %q
  repository = "acme/checkout"
  tag        = %q
  release    = "checkout/production"
%s}
`, r.moto.Endpoint, tag, asked)
}

// A tag is released by its digest. When it is moved, the plan says so, and what is
// released stays; another tag is another artifact.
func TestAccAReleaseKeepsTheDigestOfATagThatMoves(t *testing.T) {
	r := newRegistry(t)
	first := r.push("1.0.0", "1.0.0", "kept")
	r.Write("main.tf", r.configured("1.0.0", "", ""))
	r.MustApply()
	r.wantServing(first)
	state := r.wantState("1.0.0", "steady")
	if got := fmt.Sprint(state["artifact"]); !strings.HasSuffix(got, "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/checkout@"+first.Digest()+" version:1.0.0]") {
		t.Errorf("the artifact is %s", got)
	}
	if plan := r.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}

	second := r.push("1.1.0", "1.0.0", "1.1.0")
	plan := r.Plan()
	if plan.Exit != 0 {
		t.Errorf("a tag that moved changes the release: %s", plan.Output)
	}
	r.Wants(plan, "warning", "The tag 1.0.0 of 123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/checkout was moved", "it names "+second.Digest()+" now, and the artifact stays "+first.Digest())

	r.Write("main.tf", r.configured("1.1.0", "", ""))
	r.MustApply()
	r.wantServing(second)
	r.wantState("1.1.0", "steady")
}

// scanned lets moto scan what a tag names: it finds one high.
func (r *registry) scanned(tag string) {
	r.t.Helper()
	repository := "acme/checkout"
	if _, err := r.api.StartImageScan(r.t.Context(), &awsecr.StartImageScanInput{RepositoryName: &repository, ImageId: &types.ImageIdentifier{ImageTag: &tag}}); err != nil {
		r.t.Fatal(err)
	}
}

// An image that nobody scanned does not pass, nor does one in which too much was found;
// one that passes is released, and what it passed with stands in the ledger.
func TestAccAScanIsEvidenceForARelease(t *testing.T) {
	r := newRegistry(t)
	first := r.push("1.0.0", "1.0.0")
	const evidence = "  evidence = data.sluice_ecr_artifact.checkout.evidence\n"
	r.Write("main.tf", r.configured("1.0.0", "  scan = { at_most = { critical = 0, high = 0 } }\n", evidence))
	r.Wants(r.Plan(), "warning", "1.0.0 is blocked in production until somebody acts", "evidence unknown scan unknown: the image was never scanned")
	if got := r.Apply(); got.Exit != 1 || !strings.Contains(got.Text("error"), "the image was never scanned") {
		t.Fatalf("exit %d: %s", got.Exit, got.Output)
	}
	r.scanned("1.0.0")
	r.Wants(r.Plan(), "warning", "evidence fail scan fail: the basic scan found 1 high (at most 0)")
	r.Write("main.tf", r.configured("1.0.0", "  scan = { at_most = { critical = 0, high = 1 } }\n", evidence))
	r.MustApply()
	r.wantServing(first)
	if got := r.history().Last().Spec.Evidence; len(got) != 1 || got[0].Digest != first.Digest() || got[0].Status != "pass" || got[0].ExpiresAt == "" {
		t.Errorf("the ledger has %+v", got)
	}
	// Other findings change nothing while the artifact stays the same.
	r.Write("main.tf", r.configured("1.0.0", "  scan = { at_most = { high = 0 } }\n", evidence))
	if plan := r.Plan(); plan.Exit != 0 {
		t.Errorf("the evidence alone changes the release: %s", plan.Output)
	}
}
