package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// now is a clock's time.
type now func() time.Time

// lifetime of a certificate, which only the process that it was made for has.
const lifetime = 30 * 365 * 24 * time.Hour

// newCertificate makes a certificate for localhost that signs itself. Its curve is
// P-256 and not go-plugin's P-521, since Terraform waits for the key and the signatures
// each time that it starts a provider, seven times for a plan and its apply.
func newCertificate(at time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key for Terraform's connection: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("numbering a certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost", Organization: []string{"Sluice"}}, DNSNames: []string{"localhost"},
		SerialNumber: serial, NotBefore: at.Add(-30 * time.Second), NotAfter: at.Add(lifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		// It is its own authority.
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate for Terraform's connection: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// mutual lets in nobody but the one whose certificate theirs is, in PEM.
func mutual(own tls.Certificate, theirs []byte) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(theirs) {
		return nil, errors.New("the certificate in PLUGIN_CLIENT_CERT cannot be read; Terraform sets it for each process, and nothing else should")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, ServerName: "localhost",
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, RootCAs: pool,
	}, nil
}
