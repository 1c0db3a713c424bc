package ecr_test

import (
	"errors"
	"strings"
	"testing"

	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// emulator is moto with a repository. It is somebody else's idea of ECR.
type emulator struct {
	*s3test.MotoServer
	api   *awsecr.Client
	query ecr.Query
}

func emulate(t *testing.T) *emulator {
	t.Helper()
	m := s3test.Moto(t)
	s3test.Env(t.Setenv)
	e := &emulator{MotoServer: m, api: ecrtest.Client(m.Endpoint, "us-east-1"),
		query: ecr.Query{Settings: awscloud.Settings{Region: "us-east-1", Endpoint: m.Endpoint}, Repository: "acme/checkout", Tag: "1.0.0"}}
	ecrtest.Create(t, e.api, "acme/checkout", types.ImageTagMutabilityMutable)
	return e
}

func (e *emulator) resolve(t *testing.T, q ecr.Query) (ecr.Image, error) {
	t.Helper()
	r, err := ecr.New(q, ecr.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Resolve(t.Context())
}

// What moto and AWS agree on, on one moto, which takes seconds to start.
func TestOnMoto(t *testing.T) {
	e := emulate(t)
	t.Run("a tag that moves", func(t *testing.T) { moves(t, e) })
	t.Run("IAM enforced", func(t *testing.T) { policyEnforced(t, e) })
}

func moves(t *testing.T, e *emulator) {
	first := ecrtest.Push(t, e.api, "acme/checkout", "1.0.0", ecrtest.Image("one"))
	got, err := e.resolve(t, e.query)
	if err != nil {
		t.Fatal(err)
	}
	uri := "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/checkout"
	if diff := cmp.Diff(artifact.Artifact{Version: "1.0.0", Reference: uri + "@" + first}, got.Artifact); diff != "" || got.Moved || got.Immutable || got.PushedAt == "" || got.SizeBytes == 0 {
		t.Errorf("%+v %s", got, diff)
	}
	// Moto forgets an image that has no tag any more, which AWS keeps.
	ecrtest.Push(t, e.api, "acme/checkout", "kept", ecrtest.Image("one"))
	second := ecrtest.Push(t, e.api, "acme/checkout", "1.0.0", ecrtest.Image("two"))
	pinned := e.query
	pinned.Digest = first
	got, err = e.resolve(t, pinned)
	if err != nil || got.Digest != first || got.TagDigest != second || !got.Moved || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "was moved: it names "+second) {
		t.Errorf("%+v, %v", got, err)
	}
	missing := e.query
	missing.Tag = "9.9.9"
	_, err = e.resolve(t, missing)
	var errs field.Errors
	if !errors.As(err, &errs) || errs[0].Path != "tag" || !strings.Contains(errs[0].Msg, " (the newest first)") {
		t.Error(err)
	}
}
