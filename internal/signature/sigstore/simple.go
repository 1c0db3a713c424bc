package sigstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

// bundleType is that of bundles that take a whole chain and a log's promise.
const bundleType = "application/vnd.dev.sigstore.bundle+json;version=0.1"

// simple makes a bundle of what cosign attached the old way, and looks whether its
// payload names the digest: a signature of another image holds as well.
func simple(s signature.Simple, digest string) (*bundle.Bundle, error) {
	var payload struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(s.Payload, &payload); err != nil {
		return nil, fmt.Errorf("its payload cannot be read: %w", err)
	}
	if payload.Critical.Image.Digest != digest {
		return nil, fmt.Errorf("it is of the image %s", payload.Critical.Image.Digest)
	}
	signed, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil {
		return nil, fmt.Errorf("the signature is not base64: %w", err)
	}
	sum := sha256.Sum256(s.Payload)
	b := &protobundle.Bundle{
		MediaType:            bundleType,
		VerificationMaterial: material(s),
		Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum[:]}, Signature: signed,
		}},
	}
	if err := times(b.VerificationMaterial, s); err != nil {
		return nil, err
	}
	return bundle.NewBundle(b)
}

// material is the certificate with its chain, or the hint that a key signed.
func material(s signature.Simple) *protobundle.VerificationMaterial {
	var chain []*protocommon.X509Certificate
	for rest := []byte(s.Certificate + "\n" + s.Chain); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		chain = append(chain, &protocommon.X509Certificate{RawBytes: block.Bytes})
	}
	if len(chain) == 0 {
		return &protobundle.VerificationMaterial{Content: &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{}}}
	}
	return &protobundle.VerificationMaterial{Content: &protobundle.VerificationMaterial_X509CertificateChain{
		X509CertificateChain: &protocommon.X509CertificateChain{Certificates: chain}}}
}

// times adds what the log and a timestamping authority said.
func times(m *protobundle.VerificationMaterial, s signature.Simple) error {
	if s.Rekor != "" {
		entry, err := logged(s.Rekor)
		if err != nil {
			return fmt.Errorf("the log's part cannot be read: %w", err)
		}
		m.TlogEntries = []*protorekor.TransparencyLogEntry{entry}
	}
	if s.Timestamp != "" {
		var stamp struct {
			Signed []byte `json:"SignedRFC3161Timestamp"`
		}
		if err := json.Unmarshal([]byte(s.Timestamp), &stamp); err != nil {
			return fmt.Errorf("the timestamp cannot be read: %w", err)
		}
		m.TimestampVerificationData = &protobundle.TimestampVerificationData{Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp.Signed}}}
	}
	return nil
}

// logged reads what cosign keeps of an entry of Rekor.
func logged(text string) (*protorekor.TransparencyLogEntry, error) {
	var kept struct {
		Promise []byte `json:"SignedEntryTimestamp"`
		Payload struct {
			Body           []byte `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		} `json:"Payload"`
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := dec.Decode(&kept); err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(kept.Payload.LogID)
	if err != nil {
		return nil, err
	}
	var kind struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(kept.Payload.Body, &kind); err != nil {
		return nil, err
	}
	return &protorekor.TransparencyLogEntry{
		LogIndex: kept.Payload.LogIndex, LogId: &protocommon.LogId{KeyId: id}, KindVersion: &protorekor.KindVersion{Kind: kind.Kind, Version: kind.Version},
		IntegratedTime: kept.Payload.IntegratedTime, InclusionPromise: &protorekor.InclusionPromise{SignedEntryTimestamp: kept.Promise}, CanonicalizedBody: kept.Payload.Body,
	}, nil
}
