package ecr_test

import (
	"errors"
	"flag"
	"net/http"
	"strings"
	"testing"

	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

var update = flag.Bool("update", false, "write docs/policies")

// The policy in docs is the one that Policy gives.
func TestPolicyInDocs(t *testing.T) {
	want, err := ecr.Policy("eu-central-1", "123456789012", "acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	awstest.PolicyInDocs(t, *update, "ecr.json", want)
}

// Each call is in the policy, and each action of the policy is called; where one is
// refused, its right is named.
func TestPolicyHasWhatIsCalledAndNoMore(t *testing.T) {
	awstest.Credentials(t)
	policy, err := ecr.Policy("eu-central-1", "123456789012", "acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	s := ecrtest.NewServer(t)
	whole, amd, arm := index(s, "1.0.0")
	s.Scans[amd], s.Scans[arm] = findings("COMPLETE", 0, false, map[string]any{}), findings("COMPLETE", 0, false, map[string]any{})
	layer := s.Blob("application/vnd.dev.sigstore.bundle.v0.3+json", []byte(`{}`))
	subject := ecrtest.Descriptor{Digest: whole}
	s.Push(ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.ImageType, ArtifactType: layer.MediaType, Layers: []ecrtest.Descriptor{layer}, Subject: &subject})
	q := asked(s)
	q.Scan = &ecr.ScanRules{}
	all := func() error {
		r := open(t, q)
		i, err := r.Resolve(t.Context())
		if err == nil {
			_, err = r.Signatures(t.Context(), i.Digest)
		}
		return err
	}
	if err := all(); err != nil {
		t.Fatal(err)
	}
	s.Lock()
	called := map[string]int{}
	for name, n := range s.Calls {
		called[name] = n
	}
	s.Unlock()
	for line := range strings.Lines(policy) {
		if name, ok := strings.CutPrefix(strings.Trim(line, " \",\n"), "ecr:"); ok && called[name] == 0 {
			t.Errorf("%s is allowed and not called", name)
		}
	}
	for name := range called {
		if !strings.Contains(policy, `"ecr:`+name+`"`) {
			t.Errorf("%s is called and not allowed", name)
		}
		s.Faults(func(operation string) awstest.Fault {
			if operation == name {
				return awstest.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"}
			}
			return awstest.Fault{}
		})
		var e *awscloud.Error
		if err := all(); !errors.As(err, &e) || e.Permission != "ecr:"+name {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// policyEnforced shows on moto that the policy suffices where IAM is enforced, and that
// each action taken away from it is named. Moto knows neither referrers nor layers.
func policyEnforced(t *testing.T, e *emulator) {
	m := ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.IndexType, Manifests: []ecrtest.Descriptor{{MediaType: ecrtest.ImageType,
		Digest: ecrtest.Push(t, e.api, "acme/checkout", "amd64", ecrtest.Image("amd64")), Platform: map[string]string{"os": "linux", "architecture": "amd64"}}}}
	ecrtest.Push(t, e.api, "acme/checkout", "2.0.0", m)
	name, tag := "acme/checkout", "amd64"
	if _, err := e.api.StartImageScan(t.Context(), &awsecr.StartImageScanInput{RepositoryName: &name, ImageId: &types.ImageIdentifier{ImageTag: &tag}}); err != nil {
		t.Fatal(err)
	}
	policy, err := ecr.Policy("us-east-1", "123456789012", "acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	// Moto asks IAM about ECR's actions on anything, never on one repository.
	policy = strings.ReplaceAll(policy, `"arn:aws:ecr:us-east-1:123456789012:repository/acme/checkout"`, `"*"`)
	q := e.query
	q.Tag, q.Scan = "2.0.0", &ecr.ScanRules{}
	as := map[string][2]string{}
	user := func(without, policy string) {
		id, secret := e.User(t, "user-"+without, policy)
		as[without] = [2]string{id, secret}
	}
	user("nothing", policy)
	for _, action := range []string{"DescribeRepositories", "DescribeImages", "BatchGetImage", "DescribeImageScanFindings"} {
		user(action, strings.ReplaceAll(policy, `"ecr:`+action+`"`, `"ecr:PutImage"`))
	}
	e.Enforce(t)
	for without, keys := range as {
		t.Setenv("AWS_ACCESS_KEY_ID", keys[0])
		t.Setenv("AWS_SECRET_ACCESS_KEY", keys[1])
		got, err := e.resolve(t, q)
		var refused *awscloud.Error
		switch {
		case without == "nothing" && (err != nil || got.Scan.Counts["high"] != 1 || !cmp.Equal(got.Platforms, []string{"linux/amd64"})):
			t.Errorf("with the whole policy: %+v, %v", got, err)
		case without != "nothing" && (!errors.As(err, &refused) || refused.Permission != "ecr:"+without):
			t.Errorf("without %s: %v", without, err)
		}
	}
}
