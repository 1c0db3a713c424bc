package signature_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
	"github.com/sluice/terraform-provider-sluice/internal/signature/signaturetest"
)

func TestMain(m *testing.M) {
	signaturetest.Main()
	os.Exit(m.Run())
}

var digest = "sha256:" + strings.Repeat("a1", 32)

func zero() *int { return new(int) }

func TestTheProgramIsAskedAndAnswers(t *testing.T) {
	public, keyed := signaturetest.Key(t, digest)
	req := signature.Request{Digest: digest, Signatures: []signature.Signature{{Source: "here", Simple: keyed}}, Policy: signature.Policy{PublicKey: public, LogEntries: zero(), Timestamps: zero()}}
	a, err := signature.Verify(t.Context(), signaturetest.Program(t), req)
	if err != nil || !a.Verified || a.Source != "here" {
		t.Errorf("%+v, %v", a, err)
	}
	req.Digest = "sha256:" + strings.Repeat("b2", 32)
	a, err = signature.Verify(t.Context(), signaturetest.Program(t), req)
	if err != nil || a.Verified || len(a.Reasons) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	req.Policy = signature.Policy{}
	if a, err = signature.Verify(t.Context(), signaturetest.Program(t), req); err == nil || a.Verified {
		t.Errorf("%+v, %v", a, err)
	}
}

// Whatever else the program does, nothing is verified.
func TestAProgramThatDoesNotAnswerVerifiesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := signature.Verify(t.Context(), filepath.Join(dir, "none"), signature.Request{}); !errors.Is(err, signature.ErrMissing) {
		t.Error(err)
	}
	for name, c := range map[string]struct{ script, want string }{
		"another version":   {`echo '{"format":2,"verified":true}'`, "speaks the format 2"},
		"no version":        {`echo '{"verified":true}'`, "speaks the format 0"},
		"an unknown answer": {`echo '{"format":1,"verified":true,"unless":"x"}'`, "is it of another version?"},
		"no answer":         {`true`, "cannot be read"},
		"an error":          {`echo '{"format":1,"verified":true,"error":"no network"}'`, "no network"},
		"a failure":         {`echo '{"format":1,"verified":true}'; echo why >&2; exit 3`, "exit status 3: why"},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if a, err := signature.Verify(t.Context(), path, signature.Request{}); err == nil || a.Verified || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestAPolicyIsChecked(t *testing.T) {
	who := &signature.Identity{Issuer: "i", Subject: "s"}
	eleven := 11
	for name, c := range map[string]struct {
		policy signature.Policy
		path   string
	}{
		"nobody":         {signature.Policy{}, ""},
		"two":            {signature.Policy{Identity: who, PublicKey: "k"}, "public_key"},
		"no issuer":      {signature.Policy{Identity: &signature.Identity{Subject: "s"}}, "identity.issuer"},
		"two subjects":   {signature.Policy{Identity: &signature.Identity{Issuer: "i", Subject: "s", SubjectPattern: "s"}}, "identity.subject"},
		"no pattern":     {signature.Policy{Identity: &signature.Identity{Issuer: "i", SubjectPattern: "("}}, "identity.subject_pattern"},
		"too many":       {signature.Policy{Identity: who, LogEntries: &eleven}, "transparency_log_entries"},
		"at no time":     {signature.Policy{Identity: who, Timestamps: zero()}, "timestamps"},
		"an identity":    {signature.Policy{Identity: who, CertificateLogEntries: zero()}, "-"},
		"a key, offline": {signature.Policy{PublicKey: "k", LogEntries: zero(), Timestamps: zero()}, "-"},
	} {
		errs := c.policy.Validate()
		if c.path == "-" && len(errs) > 0 || c.path != "-" && (len(errs) != 1 || errs[0].Path != c.path) {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// What verifies is linked by sluice-verify alone: it would cost the provider megabytes
// and milliseconds (ADR 0049).
func TestTheProviderDoesNotLinkWhatVerifies(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "sigstore") || strings.Contains(line, "go-openapi/runtime") {
			t.Errorf("the provider links %s", strings.TrimSpace(line))
		}
	}
	if !strings.Contains(string(out), "internal/signature\n") {
		t.Error("this looked at something else")
	}
}
