package ecr

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

const (
	// bundlePrefix begins the media types of Sigstore's bundles.
	bundlePrefix = "application/vnd.dev.sigstore.bundle"
	// simpleSigning is the media type of what cosign attached before there were bundles.
	simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"

	// What cosign annotates its layers with.
	annotated = "dev.cosignproject.cosign/signature"
	rekorKey  = "dev.sigstore.cosign/bundle"
	certKey   = "dev.sigstore.cosign/certificate"
	chainKey  = "dev.sigstore.cosign/chain"
	stampKey  = "dev.sigstore.cosign/rfc3161timestamp"

	// maxSignatures bounds how many signatures of one image are looked at, and maxLayer
	// how large one may be.
	maxSignatures = 50
	maxLayer      = 4 << 20
)

// holder is a manifest that holds signatures.
type holder struct{ digest, mediaType string }

// layered is a manifest whose layers are signatures.
type layered struct {
	Layers []struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Annotations map[string]string `json:"annotations"`
	} `json:"layers"`
}

// Signatures finds the signatures that are attached to an image in its repository:
// Sigstore bundles that refer to it, and what cosign put under the tag sha256-<hex>.sig.
func (r *Registry) Signatures(ctx context.Context, digest string) ([]signature.Signature, error) {
	c, err := r.ecr(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := r.referrers(ctx, c, digest)
	if err != nil {
		return nil, err
	}
	tag := strings.Replace(digest, ":", "-", 1) + ".sig"
	attached, err := r.describe(ctx, &c.reader, types.ImageIdentifier{ImageTag: aws.String(tag)})
	if err != nil {
		return nil, err
	}
	if attached != nil {
		manifests = append(manifests, holder{aws.ToString(attached.ImageDigest), aws.ToString(attached.ImageManifestMediaType)})
	}
	var out []signature.Signature
	for _, m := range manifests {
		more, err := r.layers(ctx, c, m)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxSignatures {
			return nil, &awscloud.Error{Kind: awscloud.Invalid, Message: "the image has too many signatures to look at", Err: fmt.Errorf("more than %d", maxSignatures)}
		}
	}
	return out, nil
}

// referrers lists the manifests of bundles that refer to an image.
func (r *Registry) referrers(ctx context.Context, c *client, digest string) ([]holder, error) {
	in := &awsecr.ListImageReferrersInput{RegistryId: r.registry(), RepositoryName: r.name(), SubjectId: &types.SubjectIdentifier{ImageDigest: aws.String(digest)}}
	var out []holder
	for range maxPages {
		page, err := c.ListImageReferrers(ctx, in)
		if err != nil {
			return nil, r.failed(err)
		}
		for _, ref := range page.Referrers {
			if strings.HasPrefix(aws.ToString(ref.ArtifactType), bundlePrefix) {
				out = append(out, holder{aws.ToString(ref.Digest), aws.ToString(ref.MediaType)})
			}
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return out, nil
		}
	}
	return nil, &awscloud.Error{Kind: awscloud.Invalid, Message: "more refers to the image than can be looked at", Err: fmt.Errorf("more than %d pages", maxPages)}
}

// layers reads the signatures that one manifest holds.
func (r *Registry) layers(ctx context.Context, c *client, of holder) ([]signature.Signature, error) {
	raw, err := r.manifest(ctx, &c.reader, of.digest, of.mediaType)
	if err != nil {
		return nil, err
	}
	var m layered
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "the manifest of a signature cannot be read", Err: err}
	}
	var out []signature.Signature
	for _, l := range m.Layers[:min(len(m.Layers), maxSignatures+1)] {
		if !strings.HasPrefix(l.MediaType, bundlePrefix) && l.MediaType != simpleSigning {
			continue
		}
		content, err := r.layer(ctx, c, l.Digest)
		if err != nil {
			return nil, err
		}
		s := signature.Signature{Source: r.query.Repository + "@" + of.digest}
		if l.MediaType == simpleSigning {
			a := l.Annotations
			s.Simple = &signature.Simple{Payload: content, Signature: a[annotated], Certificate: a[certKey], Chain: a[chainKey], Rekor: a[rekorKey], Timestamp: a[stampKey]}
		} else if s.Bundle = content; !json.Valid(content) {
			s.Bundle = json.RawMessage("{}") // It holds for nothing, and must not spoil the others.
		}
		out = append(out, s)
	}
	return out, nil
}

// layer fetches a layer from where ECR says, and checks its digest.
func (r *Registry) layer(ctx context.Context, c *client, digest string) ([]byte, error) {
	where, err := c.GetDownloadUrlForLayer(ctx, &awsecr.GetDownloadUrlForLayerInput{RegistryId: r.registry(), RepositoryName: r.name(), LayerDigest: aws.String(digest)})
	if err != nil {
		return nil, r.failed(err)
	}
	raw, err := r.fetch(ctx, aws.ToString(where.DownloadUrl))
	if err != nil {
		// The address is signed, and a secret for a while.
		return nil, &awscloud.Error{Kind: awscloud.Unreachable, Message: "the layer " + digest + " could not be fetched from S3, where ECR keeps it",
			Remedy: "look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and the S3 endpoint of the VPC", Err: err}
	}
	if got := digestOf(raw); got != digest {
		return nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "what was fetched as the layer " + digest + " has another digest", Err: fmt.Errorf("%s", got)}
	}
	return raw, nil
}

func (r *Registry) fetch(ctx context.Context, address string) ([]byte, error) {
	cfg, err := r.session.Config(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("the address is none")
	}
	resp, err := cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s", req.URL.Host)
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL.Host, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxLayer+1))
	if err == nil && len(raw) > maxLayer {
		err = fmt.Errorf("it is larger than %d bytes, and no signature is", maxLayer)
	}
	return raw, err
}
