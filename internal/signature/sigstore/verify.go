package sigstore

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	sigsig "github.com/sigstore/sigstore/pkg/signature"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

// Verify looks for one signature of the digest that the policy takes.
func Verify(ctx context.Context, req signature.Request) signature.Answer {
	raw, err := hex.DecodeString(strings.TrimPrefix(req.Digest, "sha256:"))
	if err != nil || len(raw) != 32 {
		return signature.Answer{Error: fmt.Sprintf("%q is not a digest", req.Digest)}
	}
	if errs := req.Policy.Validate(); len(errs) > 0 {
		return signature.Answer{Error: errs.Error()}
	}
	material, err := trusted(ctx, req.Trust, req.Policy)
	if err != nil {
		return signature.Answer{Error: "what is trusted cannot be read: " + err.Error()}
	}
	verifier, err := verify.NewVerifier(material, options(req.Policy)...)
	if err != nil {
		return signature.Answer{Error: err.Error()}
	}
	who, err := whose(req.Policy)
	if err != nil {
		return signature.Answer{Error: err.Error()}
	}
	var answer signature.Answer
	for _, s := range req.Signatures {
		result, err := one(verifier, s, req.Digest, raw, who)
		if err == nil {
			return describe(result, s.Source)
		}
		answer.Reasons = append(answer.Reasons, s.Source+": "+err.Error())
	}
	return answer
}

// one verifies one signature. A bundle signs the digest itself, or says of it something
// in a statement; what cosign attached the old way signs a payload that names it.
func one(v *verify.Verifier, s signature.Signature, digest string, raw []byte, who verify.PolicyOption) (*verify.VerificationResult, error) {
	if s.Simple != nil {
		b, err := simple(*s.Simple, digest)
		if err != nil {
			return nil, err
		}
		return v.Verify(b, verify.NewPolicy(verify.WithArtifact(bytes.NewReader(s.Simple.Payload)), who))
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(s.Bundle); err != nil {
		return nil, fmt.Errorf("it is no bundle: %w", err)
	}
	return v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", raw), who))
}

func describe(r *verify.VerificationResult, source string) signature.Answer {
	a := signature.Answer{Verified: true, Source: source}
	if r.Signature != nil && r.Signature.Certificate != nil {
		a.Identity, a.Issuer = r.Signature.Certificate.SubjectAlternativeName, r.Signature.Certificate.Issuer
	}
	var at time.Time
	for _, t := range r.VerifiedTimestamps {
		if at.IsZero() || t.Timestamp.Before(at) {
			at = t.Timestamp
		}
	}
	if !at.IsZero() {
		a.LoggedAt = at.UTC().Format(time.RFC3339)
	}
	return a
}

func threshold(n *int) int {
	if n == nil {
		return 1
	}
	return *n
}

func options(p signature.Policy) []verify.VerifierOption {
	var out []verify.VerifierOption
	if n := threshold(p.LogEntries); n > 0 {
		out = append(out, verify.WithTransparencyLog(n))
	}
	if n := threshold(p.CertificateLogEntries); n > 0 && p.Identity != nil {
		out = append(out, verify.WithSignedCertificateTimestamps(n))
	}
	if n := threshold(p.Timestamps); n > 0 {
		return append(out, verify.WithObserverTimestamps(n))
	}
	// Only a key gets here. A log without its time still counts as a log.
	if len(out) > 0 {
		return append(out, verify.WithCurrentTime())
	}
	return []verify.VerifierOption{verify.WithNoObserverTimestamps()}
}

// whose makes the policy of who signed. A pattern is for the whole text: what would only
// be contained in it could be anybody's.
func whose(p signature.Policy) (verify.PolicyOption, error) {
	if p.PublicKey != "" {
		return verify.WithKey(), nil
	}
	whole := func(pattern string) string {
		if pattern == "" {
			return ""
		}
		return "^(?:" + pattern + ")$"
	}
	i := p.Identity
	id, err := verify.NewShortCertificateIdentity(i.Issuer, whole(i.IssuerPattern), i.Subject, whole(i.SubjectPattern))
	if err != nil {
		return nil, err
	}
	return verify.WithCertificateIdentity(id), nil
}

// trusted reads what is trusted. A key alone needs nobody's roots where neither log nor
// time is asked for.
func trusted(ctx context.Context, t signature.Trust, p signature.Policy) (root.TrustedMaterial, error) {
	var all root.TrustedMaterialCollection
	if p.PublicKey != "" {
		key, err := keyOf(p.PublicKey)
		if err != nil {
			return nil, err
		}
		all = append(all, key)
		if threshold(p.LogEntries) == 0 && threshold(p.Timestamps) == 0 {
			return all, nil
		}
	}
	roots, err := roots(ctx, t)
	if err != nil {
		return nil, err
	}
	return append(all, roots), nil
}

func keyOf(pem string) (root.TrustedMaterial, error) {
	public, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(pem))
	if err != nil {
		return nil, fmt.Errorf("the public key is not in PEM: %w", err)
	}
	verifier, err := sigsig.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key := root.NewExpiringKey(verifier, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil }), nil
}

func roots(ctx context.Context, t signature.Trust) (root.TrustedMaterial, error) {
	if len(t.Root) > 0 {
		if !json.Valid(t.Root) {
			return nil, errors.New("the trusted root is not JSON")
		}
		return root.NewTrustedRootFromJSON(t.Root)
	}
	o := tuf.DefaultOptions().WithContext(ctx).WithCacheValidity(1)
	if t.TUF != "" {
		o = o.WithRepositoryBaseURL(t.TUF)
	}
	if len(t.TUFRoot) > 0 {
		o = o.WithRoot(t.TUFRoot)
	}
	if t.Cache != "" {
		o = o.WithCachePath(t.Cache)
	}
	return root.FetchTrustedRootWithOptions(o)
}
