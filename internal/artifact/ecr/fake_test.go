package ecr_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

var now = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)

func asked(s *ecrtest.Server) ecr.Query {
	return ecr.Query{Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}, Repository: ecrtest.Repository, Tag: "1.0.0"}
}

func open(t *testing.T, q ecr.Query) *ecr.Registry {
	t.Helper()
	r, err := ecr.New(q, ecr.Deps{Clock: clock.NewAuto(now), Who: awscloud.Who{Actor: "ci@acme", UserAgent: "sluice/1"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// index is an image for two platforms, with the attestations that buildx adds.
func index(s *ecrtest.Server, tags ...string) (whole, amd, arm string) {
	a, b, attestation := ecrtest.Image("amd64"), ecrtest.Image("arm64"), ecrtest.Image("attestation")
	amd, arm = s.Push(a), s.Push(b)
	m := ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.IndexType}
	for _, one := range []struct {
		digest   string
		platform map[string]string
		notes    map[string]string
	}{
		{arm, map[string]string{"os": "linux", "architecture": "arm64", "variant": "v8"}, nil}, {amd, map[string]string{"os": "linux", "architecture": "amd64"}, nil},
		{s.Push(attestation), map[string]string{"os": "unknown", "architecture": "unknown"}, nil},
		{s.Push(ecrtest.Image("another")), map[string]string{"os": "linux", "architecture": "amd64"}, map[string]string{"vnd.docker.reference.type": "attestation-manifest"}},
	} {
		m.Manifests = append(m.Manifests, ecrtest.Descriptor{MediaType: ecrtest.ImageType, Digest: one.digest, Platform: one.platform, Annotations: one.notes})
	}
	return s.Push(m, tags...), amd, arm
}

func TestWhatIsKnownOfAnImage(t *testing.T) {
	awstest.Credentials(t)
	s := ecrtest.NewServer(t)
	whole, _, _ := index(s, "1.0.0", "latest")
	got, err := open(t, asked(s)).Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64/v8"}, got.Platforms); diff != "" || got.Digest != whole || !got.Immutable || len(got.Warnings) > 0 || got.MediaType != ecrtest.IndexType || got.RegistryID != "123456789012" || !cmp.Equal(got.Tags, []string{"1.0.0", "latest"}) {
		t.Errorf("%+v %s", got, diff)
	}
	// A digest alone is found without a tag, and called by its first digits.
	q := asked(s)
	q.Tag, q.Digest = "", whole
	if got, err = open(t, q).Resolve(t.Context()); err != nil || got.Artifact.Version != whole[7:19] || got.Moved || got.TagDigest != "" {
		t.Errorf("%+v, %v", got, err)
	}
	// What stood under the tag has no tag any more. AWS keeps it, and so does the pin.
	next := s.Push(ecrtest.Image("next"), "1.0.0", "latest")
	q.Tag = "1.0.0"
	if got, err = open(t, q).Resolve(t.Context()); err != nil || got.Digest != whole || got.TagDigest != next || !got.Moved {
		t.Errorf("%+v, %v", got, err)
	}
	q.Tag = "0.9.0"
	if got, err = open(t, q).Resolve(t.Context()); err != nil || !got.Moved || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "the tag 0.9.0 is gone") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhetherATagCanBeMoved(t *testing.T) {
	awstest.Credentials(t)
	s := ecrtest.NewServer(t)
	s.Push(ecrtest.Image("one"), "1.0.0")
	for name, c := range map[string]struct {
		mutability string
		excluded   []string
		want       bool
	}{
		"immutable": {"IMMUTABLE", nil, true}, "mutable": {"MUTABLE", nil, false},
		"immutable but this": {"IMMUTABLE_WITH_EXCLUSION", []string{"latest", "1.*"}, false}, "immutable but others": {"IMMUTABLE_WITH_EXCLUSION", []string{"dev-*", "*-rc", "1.0"}, true},
		"mutable but this": {"MUTABLE_WITH_EXCLUSION", []string{"*.0.*"}, true}, "mutable but others": {"MUTABLE_WITH_EXCLUSION", []string{"2*"}, false},
	} {
		s.Mutability, s.Excluded = c.mutability, c.excluded
		got, err := open(t, asked(s)).Resolve(t.Context())
		if err != nil || got.Immutable != c.want || (len(got.Warnings) == 0) != c.want {
			t.Errorf("%s: %v %q, %v", name, got.Immutable, got.Warnings, err)
		}
	}
}

// findings is what ECR says of a scan that ended that long ago.
func findings(status string, ago time.Duration, enhanced bool, counts map[string]any) map[string]any {
	f := map[string]any{"imageScanCompletedAt": float64(now.Add(-ago).Unix()), "vulnerabilitySourceUpdatedAt": float64(now.Add(-ago).Unix()), "findingSeverityCounts": counts}
	if enhanced {
		f["enhancedFindings"] = []any{map[string]any{"severity": "LOW"}}
	} else {
		f["findings"] = []any{map[string]any{"name": "CVE-1", "severity": "LOW"}}
	}
	return map[string]any{"imageScanStatus": map[string]any{"status": status, "description": "Said by ECR."}, "imageScanFindings": f}
}

func TestAScanIsJudged(t *testing.T) {
	awstest.Credentials(t)
	for name, c := range map[string]struct {
		scan   map[string]any
		rules  ecr.ScanRules
		status gate.Status
		reason string
	}{
		"basic, nothing critical":    {findings("COMPLETE", time.Hour, false, map[string]any{"HIGH": 3, "LOW": 1, "UNDEFINED": 2}), ecr.ScanRules{}, gate.Pass, "the basic scan found 3 high, 1 low, 2 undefined"},
		"enhanced, nothing at all":   {findings("ACTIVE", time.Hour, true, map[string]any{}), ecr.ScanRules{}, gate.Pass, "the enhanced scan found nothing"},
		"one critical":               {findings("ACTIVE", time.Hour, true, map[string]any{"CRITICAL": 1}), ecr.ScanRules{}, gate.Fail, "the enhanced scan found 1 critical (at most 0)"},
		"too many of two":            {findings("COMPLETE", time.Hour, false, map[string]any{"HIGH": 3, "UNDEFINED": 2}), ecr.ScanRules{AtMost: map[string]int64{"high": 2, "undefined": 1}}, gate.Fail, "the basic scan found 3 high (at most 2), 2 undefined (at most 1)"},
		"as many as may be":          {findings("COMPLETE", time.Hour, false, map[string]any{"HIGH": 3}), ecr.ScanRules{AtMost: map[string]int64{"high": 3}}, gate.Pass, "the basic scan found 3 high"},
		"never scanned":              {nil, ecr.ScanRules{}, gate.Unknown, "the image was never scanned"},
		"in progress":                {map[string]any{"imageScanStatus": map[string]any{"status": "IN_PROGRESS"}}, ecr.ScanRules{}, gate.Unknown, "the scan is in progress"},
		"pending, with old findings": {findings("PENDING", time.Hour, true, map[string]any{}), ecr.ScanRules{}, gate.Unknown, "the scan is in progress: Said by ECR"},
		"failed":                     {findings("FAILED", time.Hour, false, map[string]any{}), ecr.ScanRules{}, gate.Unknown, "the scan failed: Said by ECR"},
		"unsupported":                {map[string]any{"imageScanStatus": map[string]any{"status": "UNSUPPORTED_IMAGE"}}, ecr.ScanRules{}, gate.Unknown, "ECR cannot scan images of this kind"},
		"no longer kept up to date":  {findings("SCAN_ELIGIBILITY_EXPIRED", time.Hour, true, map[string]any{}), ecr.ScanRules{}, gate.Unknown, "the image is too old for continuous scanning, and what was found is no longer kept up to date: Said by ECR"},
		"findings unavailable":       {map[string]any{"imageScanStatus": map[string]any{"status": "FINDINGS_UNAVAILABLE"}}, ecr.ScanRules{}, gate.Unknown, "there are no findings (FINDINGS_UNAVAILABLE)"},
		"complete without findings":  {map[string]any{"imageScanStatus": map[string]any{"status": "COMPLETE"}}, ecr.ScanRules{}, gate.Unknown, "ECR gives no findings and says COMPLETE"},
		"older than a week":          {findings("COMPLETE", 8*24*time.Hour, false, map[string]any{}), ecr.ScanRules{}, gate.Unknown, "the scan ended at 2026-11-18T08:00:00Z and is older than 168h"},
		"older than an hour":         {findings("COMPLETE", 61*time.Minute, false, map[string]any{}), ecr.ScanRules{MaxAge: field.Duration(time.Hour)}, gate.Unknown, "the scan ended at 2026-11-26T06:59:00Z and is older than 1h"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ecrtest.NewServer(t)
			digest := s.Push(ecrtest.Image("one"), "1.0.0")
			if c.scan != nil {
				s.Scans[digest] = c.scan
			}
			q := asked(s)
			q.Scan = &c.rules
			got, err := open(t, q).Resolve(t.Context())
			if err != nil || len(got.Evidence) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			e := got.Evidence[0]
			if e.Status != c.status || e.Reason != c.reason || e.Digest != digest || (e.Remedy == "") != (e.Status == gate.Pass) || (e.Status == gate.Unknown) != (e.ExpiresAt == "") {
				t.Errorf("%+v", e)
			}
			if got.Scan.Counts == nil && e.Status != gate.Unknown {
				t.Error("nothing is known, and it is not unknown")
			}
		})
	}
}

// An index is scanned by its platforms: what is worst counts, and one that nobody
// scanned makes the whole unknown.
func TestTheScanOfAnIndexIsThatOfItsPlatforms(t *testing.T) {
	awstest.Credentials(t)
	s := ecrtest.NewServer(t)
	_, amd, arm := index(s, "1.0.0")
	q := asked(s)
	q.Scan = &ecr.ScanRules{}
	s.Scans[arm] = findings("COMPLETE", time.Hour, false, map[string]any{"HIGH": 2})
	got, err := open(t, q).Resolve(t.Context())
	if err != nil || got.Evidence[0].Reason != "the image was never scanned, for linux/amd64" || got.Scan.Counts != nil {
		t.Errorf("%+v, %v", got, err)
	}
	delete(s.Scans, arm)
	s.Scans[amd] = findings("COMPLETE", time.Hour, false, map[string]any{"HIGH": 2, "LOW": 1})
	got, err = open(t, q).Resolve(t.Context())
	if err != nil || got.Evidence[0].Status != gate.Unknown || got.Evidence[0].Reason != "the image was never scanned, for linux/arm64/v8" || got.Scan.Counts != nil {
		t.Errorf("%+v, %v", got, err)
	}
	s.Scans[arm] = findings("COMPLETE", 2*time.Hour, false, map[string]any{"CRITICAL": 1, "HIGH": 1})
	got, err = open(t, q).Resolve(t.Context())
	if diff := cmp.Diff(map[string]int64{"critical": 1, "high": 2, "low": 1}, got.Scan.Counts); err != nil || diff != "" || got.Evidence[0].Status != gate.Fail || *got.Scan.AgeSeconds != 7200 {
		t.Errorf("%+v, %v %s", got, err, diff)
	}
}

func TestWhatECRRefusesIsNamed(t *testing.T) {
	awstest.Credentials(t)
	s := ecrtest.NewServer(t)
	s.Push(ecrtest.Image("one"), "1.0.0")
	for name, c := range map[string]struct {
		code, on string
		kind     awscloud.Kind
		want     string
	}{
		"denied":  {"AccessDeniedException", "DescribeImages", awscloud.Denied, "may not do ecr:DescribeImages"},
		"expired": {"ExpiredTokenException", "DescribeRepositories", awscloud.Credentials, "AWS does not take the credentials"},
		"strange": {"UnrecognizedClientException", "DescribeRepositories", awscloud.Credentials, "AWS does not take the credentials"},
	} {
		s.Faults(func(operation string) awstest.Fault {
			if operation == c.on {
				return awstest.Fault{Status: http.StatusBadRequest, Code: c.code}
			}
			return awstest.Fault{}
		})
		_, err := open(t, asked(s)).Resolve(t.Context())
		var e *awscloud.Error
		if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(e.Message, c.want) || e.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Faults(nil)
	for name, c := range map[string]struct {
		change     func(*ecr.Query)
		path, want string
	}{
		"no repository": {func(q *ecr.Query) { q.Repository = "acme/shop" }, "repository", "there is no repository acme/shop in eu-central-1, in the account of the credentials"},
		"no tag":        {func(q *ecr.Query) { q.Tag = "2" }, "tag", `has no tag "2" in eu-central-1, in the account of the credentials; it has 1.0.0`},
		"no digest":     {func(q *ecr.Query) { q.Digest = "sha256:" + strings.Repeat("0", 64) }, "digest", "it was never pushed there, or a lifecycle policy or a person deleted it"},
	} {
		q := asked(s)
		c.change(&q)
		_, err := open(t, q).Resolve(t.Context())
		var errs field.Errors
		if !errors.As(err, &errs) || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := open(t, asked(s)).Resolve(t.Context())
	var e *awscloud.Error
	if !errors.As(err, &e) || e.Kind != awscloud.Credentials {
		t.Errorf("without credentials: %v", err)
	}
}

func TestAQueryIsChecked(t *testing.T) {
	good := ecr.Query{Settings: awscloud.Settings{Region: "eu-central-1"}, Repository: "acme/checkout", Tag: "1.0.0", Digest: "sha256:" + strings.Repeat("a", 64), RegistryID: "123456789012", Scan: &ecr.ScanRules{AtMost: map[string]int64{"high": 1}}}
	if errs := good.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	for path, changes := range map[string][]func(*ecr.Query){
		"repository":          {func(q *ecr.Query) { q.Repository = "" }, func(q *ecr.Query) { q.Repository = "Acme" }, func(q *ecr.Query) { q.Repository = ecrtest.URI }, func(q *ecr.Query) { q.Repository = "acme/checkout:1" }},
		"registry_id":         {func(q *ecr.Query) { q.RegistryID = "12" }},
		"tag":                 {func(q *ecr.Query) { q.Tag = "a b" }, func(q *ecr.Query) { q.Tag, q.Digest = "", "" }},
		"digest":              {func(q *ecr.Query) { q.Digest = "sha256:abc" }, func(q *ecr.Query) { q.Digest = strings.Repeat("a", 64) }},
		"version":             {func(q *ecr.Query) { q.Version = "a/b" }},
		`scan.at_most["bad"]`: {func(q *ecr.Query) { q.Scan = &ecr.ScanRules{AtMost: map[string]int64{"bad": 1}} }},
		`scan.at_most["low"]`: {func(q *ecr.Query) { q.Scan = &ecr.ScanRules{AtMost: map[string]int64{"low": -1}} }},
		"scan.at_most":        {func(q *ecr.Query) { q.Scan = &ecr.ScanRules{AtMost: map[string]int64{}} }},
		"region":              {func(q *ecr.Query) { q.Region = "Frankfurt" }},
	} {
		for _, change := range changes {
			q := good
			change(&q)
			if errs := q.Validate(); len(errs) != 1 || errs[0].Path != path {
				t.Errorf("%s: %v", path, errs)
			}
		}
	}
}

// Bundles that refer to the image and what cosign attached under its tag are found; other
// things that refer to it are left alone.
func TestSignaturesAreFoundWhereTheyAreAttached(t *testing.T) {
	awstest.Credentials(t)
	s := ecrtest.NewServer(t)
	m := ecrtest.Image("one")
	raw, digest := m.Raw()
	s.Push(m, "1.0.0")
	subject := ecrtest.Blob(ecrtest.ImageType, raw)
	attach := func(artifact, layer string, content string, notes map[string]string, tags ...string) {
		d := s.Blob(layer, []byte(content))
		d.Annotations = notes
		s.Push(ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.ImageType, ArtifactType: artifact, Layers: []ecrtest.Descriptor{d}, Subject: &subject}, tags...)
	}
	attach("application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle.v0.3+json", `{"bundle":1}`, nil)
	attach("application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle.v0.3+json", `garbage`, nil)
	attach("application/spdx+json", "application/spdx+json", `{}`, nil)
	attach("application/vnd.oci.image.config.v1+json", "application/vnd.dev.cosign.simplesigning.v1+json", `{"critical":{}}`, map[string]string{
		"dev.cosignproject.cosign/signature": "c2ln", "dev.sigstore.cosign/certificate": "PEM", "dev.sigstore.cosign/bundle": "{}"}, strings.Replace(digest, ":", "-", 1)+".sig")
	got, err := open(t, asked(s)).Signatures(t.Context(), digest)
	if err != nil || len(got) != 3 || string(got[0].Bundle) != `{"bundle":1}` || string(got[1].Bundle) != `{}` || got[2].Simple == nil || got[2].Simple.Signature != "c2ln" || string(got[2].Simple.Payload) != `{"critical":{}}` {
		t.Errorf("%+v, %v", got, err)
	}
	if none, err := open(t, asked(s)).Signatures(t.Context(), "sha256:"+strings.Repeat("0", 64)); err != nil || len(none) > 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
