package ecrartifact

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

// signed is what an author asks of signatures.
type signed struct {
	signature.Policy
	// Bundle is a Sigstore bundle; empty means what is attached to the image in ECR.
	Bundle string `json:"bundle,omitempty"`
	// TrustedRoot is the content of a trusted_root.json.
	TrustedRoot string `json:"trusted_root,omitempty"`
	TUF         *struct {
		URL   string `json:"url"`
		Root  string `json:"root"`
		Cache string `json:"cache"`
	} `json:"tuf,omitempty"`
}

func (s signed) check() field.Errors {
	errs := s.Validate()
	for path, text := range map[string]string{"bundle": s.Bundle, "trusted_root": s.TrustedRoot} {
		if text != "" && !json.Valid([]byte(text)) {
			errs = append(errs, field.Error{Path: path, Msg: "it is not JSON; give the content of the file, for example " + path + " = file(\"${path.module}/" + path + ".json\")"})
		}
	}
	if s.TUF == nil {
		return errs
	}
	if s.TrustedRoot != "" {
		errs = append(errs, field.Error{Path: "tuf", Msg: "a trusted root and a TUF repository are both given, and each says what is trusted; leave one out"})
	}
	if msg := field.HTTPURL(s.TUF.URL, "https://tuf.acme.example", "TUF_URL", "the root's content"); msg != "" {
		errs = append(errs, field.Error{Path: "tuf.url", Msg: msg})
	}
	if s.TUF.Root == "" {
		errs = append(errs, field.Error{Path: "tuf.root", Msg: "the repository's first root is missing, by which all others are checked; for example root = file(\"${path.module}/root.json\")"})
	}
	return errs
}

func (s signed) trust() signature.Trust {
	t := signature.Trust{Root: json.RawMessage(s.TrustedRoot)}
	if s.TUF != nil {
		t.TUF, t.TUFRoot, t.Cache = s.TUF.URL, []byte(s.TUF.Root), s.TUF.Cache
	}
	return t
}

// found is what was found of signatures, as the data source gives it.
type found struct {
	Verified bool   `json:"verified"`
	Identity string `json:"identity,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	LoggedAt string `json:"logged_at,omitempty"`
	Source   string `json:"source,omitempty"`
	Reason   string `json:"reason"`
}

// verify looks for a signature of the image that the author takes, and makes evidence of
// what it found. Nobody being able to tell is unknown; an error is AWS's.
func (d *DataSource) verify(ctx context.Context, s signed, r *ecr.Registry, image ecr.Image) (found, gate.Evidence, error) {
	e := gate.Evidence{Kind: gate.SignatureEvidence, Digest: image.Digest, Source: image.RepositoryURI, Status: gate.Fail}
	all := []signature.Signature{{Source: "the bundle", Bundle: json.RawMessage(s.Bundle)}}
	if s.Bundle == "" {
		var err error
		if all, err = r.Signatures(ctx, image.Digest); err != nil {
			return found{}, e, err
		}
	}
	if len(all) == 0 {
		e.Reason, e.Remedy = "no signature is attached to the image", "sign it, for example cosign sign "+image.RepositoryURI+"@"+image.Digest+", or give the bundle"
		return found{Reason: e.Reason}, e, nil
	}
	a, err := signature.Verify(ctx, d.Client.Verifier, signature.Request{Digest: image.Digest, Signatures: all, Policy: s.Policy, Trust: s.trust()})
	switch {
	case errors.Is(err, signature.ErrMissing):
		e.Status, e.Reason, e.Remedy = gate.Unknown, err.Error(), "install the provider from its archive, which has both programs; where it was built, make build makes them"
	case err != nil:
		e.Status, e.Reason, e.Remedy = gate.Unknown, "nobody could tell: "+err.Error(), "mend that, and plan again"
	case !a.Verified:
		e.Reason, e.Remedy = "no signature is by whom this trusts: "+strings.Join(a.Reasons, "; "), "look at who signed it, and at what identity or public_key asks for"
	default:
		e.Status, e.At, e.Source = gate.Pass, a.LoggedAt, cmp.Or(a.Source, e.Source)
		e.Reason = "signed by " + cmp.Or(a.Identity, "the key")
		if a.Issuer != "" {
			e.Reason += " (" + a.Issuer + ")"
		}
	}
	return found{Verified: err == nil && a.Verified, Identity: a.Identity, Issuer: a.Issuer, LoggedAt: a.LoggedAt, Source: a.Source, Reason: e.Reason}, e, nil
}
