package sigstore_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
	"github.com/sluice/terraform-provider-sluice/internal/signature/signaturetest"
	"github.com/sluice/terraform-provider-sluice/internal/signature/sigstore"
)

const (
	who    = "https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main"
	issuer = "https://token.actions.githubusercontent.com"
)

var (
	digest = "sha256:" + strings.Repeat("a1", 32)
	other  = "sha256:" + strings.Repeat("b2", 32)
)

func n(i int) *int { return &i }

// exact wants one identity. The certificates of the tests stand in no log.
func exact() signature.Policy {
	return signature.Policy{Identity: &signature.Identity{Issuer: issuer, Subject: who}, CertificateLogEntries: n(0)}
}

func TestASignatureIsVerifiedAgainstTheDigestAndThePolicy(t *testing.T) {
	s := signaturetest.New(t)
	root := s.Root()
	good := signature.Signature{Source: "b", Bundle: s.Attest(who, issuer, digest)}
	public, keyed := signaturetest.Key(t, digest)
	stranger, _ := signaturetest.Key(t, digest)
	keyOnly := func(key string) signature.Policy {
		return signature.Policy{PublicKey: key, LogEntries: n(0), Timestamps: n(0)}
	}
	with := func(change func(*signature.Policy)) signature.Policy {
		p := exact()
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		digest   string
		given    []signature.Signature
		policy   signature.Policy
		trust    signature.Trust
		verified bool
		says     string
	}{
		"a bundle":          {digest, []signature.Signature{good}, exact(), signature.Trust{Root: root}, true, ""},
		"the second of two": {digest, []signature.Signature{{Source: "a", Bundle: s.Attest("mallory@evil.example", issuer, digest)}, good}, exact(), signature.Trust{Root: root}, true, ""},
		"patterns": {digest, []signature.Signature{good}, with(func(p *signature.Policy) {
			p.Identity = &signature.Identity{IssuerPattern: `https://token\..*`, SubjectPattern: `https://github\.com/acme/.*`}
		}), signature.Trust{Root: root}, true, ""},
		"a pattern for a part": {digest, []signature.Signature{good}, with(func(p *signature.Policy) {
			p.Identity = &signature.Identity{Issuer: issuer, SubjectPattern: `github\.com/acme`}
		}), signature.Trust{Root: root}, false, "no matching CertificateIdentity"},
		"another artifact":       {other, []signature.Signature{good}, exact(), signature.Trust{Root: root}, false, "does not match"},
		"another identity":       {digest, []signature.Signature{{Source: "b", Bundle: s.Attest("mallory@evil.example", issuer, digest)}}, exact(), signature.Trust{Root: root}, false, "no matching CertificateIdentity"},
		"another issuer":         {digest, []signature.Signature{{Source: "b", Bundle: s.Attest(who, "https://evil.example", digest)}}, exact(), signature.Trust{Root: root}, false, "no matching CertificateIdentity"},
		"another Sigstore":       {digest, []signature.Signature{good}, exact(), signature.Trust{Root: signaturetest.New(t).Root()}, false, "b: "},
		"in two logs":            {digest, []signature.Signature{good}, with(func(p *signature.Policy) { p.LogEntries = n(2) }), signature.Trust{Root: root}, false, "not enough verified log entries"},
		"three times":            {digest, []signature.Signature{good}, with(func(p *signature.Policy) { p.Timestamps = n(3) }), signature.Trust{Root: root}, false, "threshold not met"},
		"its certificate in one": {digest, []signature.Signature{good}, with(func(p *signature.Policy) { p.CertificateLogEntries = nil }), signature.Trust{Root: root}, false, "SCT"},
		"no bundle":              {digest, []signature.Signature{{Source: "b", Bundle: json.RawMessage(`{}`)}}, exact(), signature.Trust{Root: root}, false, "it is no bundle"},
		"nothing":                {digest, nil, exact(), signature.Trust{Root: root}, false, ""},
		"cosign's old way":       {digest, []signature.Signature{{Source: "b", Simple: s.Simple(who, issuer, digest)}}, exact(), signature.Trust{Root: root}, true, ""},
		"the same, of another":   {digest, []signature.Signature{{Source: "b", Simple: s.Simple(who, issuer, other)}}, exact(), signature.Trust{Root: root}, false, "it is of the image " + other},
		"the same, by another":   {digest, []signature.Signature{{Source: "b", Simple: s.Simple("mallory@evil.example", issuer, digest)}}, exact(), signature.Trust{Root: root}, false, "no matching CertificateIdentity"},
		"a key":                  {digest, []signature.Signature{{Source: "b", Simple: keyed}}, keyOnly(public), signature.Trust{}, true, ""},
		"another key":            {digest, []signature.Signature{{Source: "b", Simple: keyed}}, keyOnly(stranger), signature.Trust{}, false, "invalid signature"},
		"a key that must stand in a log": {digest, []signature.Signature{{Source: "b", Simple: keyed}}, signature.Policy{PublicKey: public, Timestamps: n(0)}, signature.Trust{Root: root}, false,
			"not enough verified log entries"},
	} {
		t.Run(name, func(t *testing.T) {
			a := sigstore.Verify(t.Context(), signature.Request{Digest: c.digest, Signatures: c.given, Policy: c.policy, Trust: c.trust})
			if a.Error != "" || a.Verified != c.verified || !strings.Contains(strings.Join(a.Reasons, "\n"), c.says) || !c.verified && len(c.given) > 0 && len(a.Reasons) == 0 {
				t.Fatalf("%+v", a)
			}
			if c.verified && c.policy.Identity != nil && (a.Identity != who || a.Issuer != issuer || a.LoggedAt == "") {
				t.Errorf("%+v", a)
			}
		})
	}
}

// What cannot be judged is an error, and verifies nothing.
func TestWhatCannotBeJudgedIsAnError(t *testing.T) {
	for name, req := range map[string]signature.Request{
		"no policy":      {Digest: digest},
		"no digest":      {Digest: "1.0.0", Policy: exact()},
		"a root of junk": {Digest: digest, Policy: exact(), Trust: signature.Trust{Root: json.RawMessage(`junk`)}},
		"a root of none": {Digest: digest, Policy: exact(), Trust: signature.Trust{Root: json.RawMessage(`{"mediaType":"x"}`)}},
		"a key of junk":  {Digest: digest, Policy: signature.Policy{PublicKey: "junk"}},
		"no TUF":         {Digest: digest, Policy: exact(), Trust: signature.Trust{TUF: "http://127.0.0.1:1", Cache: t.TempDir()}},
	} {
		if a := sigstore.Verify(t.Context(), req); a.Error == "" || a.Verified {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestTheProgramReadsARequestAndAnswers(t *testing.T) {
	ask := func(text string) (code int, out, complaint string) {
		var o, e strings.Builder
		code = sigstore.Main(context.Background(), strings.NewReader(text), &o, &e)
		return code, o.String(), e.String()
	}
	if code, out, _ := ask(`{"format":99}`); code != 0 || !strings.Contains(out, "the provider speaks the format 99, and sluice-verify 1") {
		t.Error(code, out)
	}
	for _, text := range []string{"", "junk", `{"format":1,"trust_everybody":true}`} {
		if code, out, complaint := ask(text); code != 2 || out != "" || !strings.Contains(complaint, "reads a request in JSON") {
			t.Errorf("%q: %d %q %q", text, code, out, complaint)
		}
	}
}
