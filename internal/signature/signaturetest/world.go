// Package signaturetest signs artifacts for tests: a Sigstore of its own with a
// certificate authority, a log and a timestamping authority, that needs no network. It is
// made of sigstore-go's own helpers.
package signaturetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
)

// Sigstore is one of its own.
type Sigstore struct {
	t testing.TB
	*ca.VirtualSigstore
}

// New makes a Sigstore.
func New(t testing.TB) *Sigstore {
	t.Helper()
	v, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return &Sigstore{t, v}
}

// Root is its trusted_root.json.
func (s *Sigstore) Root() json.RawMessage {
	s.t.Helper()
	r, err := root.NewTrustedRoot(root.TrustedRootMediaType01, s.FulcioCertificateAuthorities(), named(s.t, s.CTLogs()), s.TimestampingAuthorities(), named(s.t, s.RekorLogs()))
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := r.MarshalJSON()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// named gives the logs the ids that a file has: the helpers keep them in hexadecimal.
func named(t testing.TB, logs map[string]*root.TransparencyLog) map[string]*root.TransparencyLog {
	t.Helper()
	for id, l := range logs {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		l.ID = raw
	}
	return logs
}

// Statement says of a digest that something built it.
func Statement(digest string) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"checkout","digest":{"sha256":%q}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`, strings.TrimPrefix(digest, "sha256:"))
}

// Attest makes a bundle in which somebody attests a digest.
func (s *Sigstore) Attest(identity, issuer, digest string) json.RawMessage {
	s.t.Helper()
	entity, err := s.VirtualSigstore.Attest(identity, issuer, Statement(digest))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.bundle(entity)
}

// bundle writes what was signed as a bundle.
func (s *Sigstore) bundle(e *ca.TestEntity) json.RawMessage {
	s.t.Helper()
	signed, err := e.SignatureContent()
	if err != nil {
		s.t.Fatal(err)
	}
	b := &protobundle.Bundle{MediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1", VerificationMaterial: s.material(e)}
	env := signed.EnvelopeContent().RawEnvelope()
	payload, err := base64.StdEncoding.DecodeString(env.Payload)
	if err != nil {
		s.t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(env.Signatures[0].Sig)
	if err != nil {
		s.t.Fatal(err)
	}
	b.Content = &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{Payload: payload, PayloadType: env.PayloadType, Signatures: []*protodsse.Signature{{Sig: sig}}}}
	raw, err := protojson.Marshal(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *Sigstore) material(e *ca.TestEntity) *protobundle.VerificationMaterial {
	s.t.Helper()
	content, err := e.VerificationContent()
	if err != nil {
		s.t.Fatal(err)
	}
	stamps, err := e.Timestamps()
	if err != nil {
		s.t.Fatal(err)
	}
	entries, err := e.TlogEntries()
	if err != nil {
		s.t.Fatal(err)
	}
	m := &protobundle.VerificationMaterial{TimestampVerificationData: &protobundle.TimestampVerificationData{},
		Content: &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{Certificates: []*protocommon.X509Certificate{{RawBytes: content.Certificate().Raw}}}}}
	for _, stamp := range stamps {
		m.TimestampVerificationData.Rfc3161Timestamps = append(m.TimestampVerificationData.Rfc3161Timestamps, &protocommon.RFC3161SignedTimestamp{SignedTimestamp: stamp})
	}
	for _, entry := range entries {
		m.TlogEntries = append(m.TlogEntries, s.promised(entry.TransparencyLogEntry()))
	}
	return m
}

// promised adds the log's promise and the kind to an entry, which sigstore-go keeps
// elsewhere in entries that it has made itself.
func (s *Sigstore) promised(e *protorekor.TransparencyLogEntry) *protorekor.TransparencyLogEntry {
	s.t.Helper()
	promise, err := s.RekorSignPayload(tlog.RekorPayload{Body: base64.StdEncoding.EncodeToString(e.CanonicalizedBody), IntegratedTime: e.IntegratedTime, LogIndex: e.LogIndex, LogID: hex.EncodeToString(e.LogId.KeyId)})
	if err != nil {
		s.t.Fatal(err)
	}
	var kind struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(e.CanonicalizedBody, &kind); err != nil {
		s.t.Fatal(err)
	}
	e.InclusionPromise, e.KindVersion = &protorekor.InclusionPromise{SignedEntryTimestamp: promise}, &protorekor.KindVersion{Kind: kind.Kind, Version: kind.Version}
	return e
}

// Payload is what cosign signed of an image the old way.
func Payload(digest string) []byte {
	return fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, digest)
}

// Simple signs a digest as cosign did before there were bundles.
func (s *Sigstore) Simple(identity, issuer, digest string) *signature.Simple {
	s.t.Helper()
	payload := Payload(digest)
	e, err := s.Sign(identity, issuer, payload)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := e.SignatureContent()
	if err != nil {
		s.t.Fatal(err)
	}
	m := s.material(e)
	entry := m.TlogEntries[0]
	kept, err := json.Marshal(map[string]any{"SignedEntryTimestamp": entry.InclusionPromise.SignedEntryTimestamp, "Payload": map[string]any{
		"body": entry.CanonicalizedBody, "integratedTime": entry.IntegratedTime, "logIndex": entry.LogIndex, "logID": hex.EncodeToString(entry.LogId.KeyId)}})
	if err != nil {
		s.t.Fatal(err)
	}
	stamp, err := json.Marshal(map[string]any{"SignedRFC3161Timestamp": m.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp})
	if err != nil {
		s.t.Fatal(err)
	}
	return &signature.Simple{Payload: payload, Signature: base64.StdEncoding.EncodeToString(signed.Signature()), Rekor: string(kept), Timestamp: string(stamp),
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(s.t, e).Raw}))}
}

func certificate(t testing.TB, e *ca.TestEntity) *x509.Certificate {
	t.Helper()
	var content verify.VerificationContent
	content, err := e.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	return content.Certificate()
}

// Key makes a key, signs a digest with it as cosign did, and gives both.
func Key(t testing.TB, digest string) (public string, s *signature.Simple) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := Payload(digest)
	sum := sha256.Sum256(payload)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), &signature.Simple{Payload: payload, Signature: base64.StdEncoding.EncodeToString(sig)}
}
