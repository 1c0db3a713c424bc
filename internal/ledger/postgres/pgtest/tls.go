package pgtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Authority signs certificates, for servers and for clients.
type Authority struct {
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

// Pair is a certificate and its key, as files hold them.
type Pair struct {
	Cert, Key []byte
	// Serial is the certificate's number, by which a server tells it from others.
	Serial int64
}

// lifetime is how long a certificate is good, from an hour ago on.
const lifetime = 24 * time.Hour

// NewAuthority makes an authority, which nobody trusts who does not have its PEM.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{key: newKey(t)}
	template := a.template(name)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	var err error
	if a.cert, err = x509.ParseCertificate(sign(t, template, template, a.key, a.key)); err != nil {
		t.Fatal(err)
	}
	return a
}

// PEM is the authority's own certificate.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Issue signs a certificate for a client of that name, or a server that stands at the
// addresses.
func (a *Authority) Issue(t testing.TB, name string, addresses ...string) Pair {
	t.Helper()
	return a.issue(t, a.template(name), addresses)
}

// Expired is Issue of a certificate that is no longer good.
func (a *Authority) Expired(t testing.TB, name string, addresses ...string) Pair {
	t.Helper()
	template := a.template(name)
	template.NotBefore, template.NotAfter = template.NotBefore.Add(-2*lifetime), template.NotAfter.Add(-2*lifetime)
	return a.issue(t, template, addresses)
}

func (a *Authority) issue(t testing.TB, template *x509.Certificate, addresses []string) Pair {
	t.Helper()
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	for _, address := range addresses {
		if ip := net.ParseIP(address); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, address)
		}
	}
	key := newKey(t)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Pair{
		Cert:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(t, template, a.cert, key, a.key)}),
		Key:    pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		Serial: template.SerialNumber.Int64(),
	}
}

func (a *Authority) template(name string) *x509.Certificate {
	a.serial++
	now := clock.System{}.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// NewListening is New for a server that is asked at an address of this machine too, which
// TLS needs: PostgreSQL has none on its socket. Only what ServeTLS says gets in there.
func NewListening() (*Server, error) {
	// What is free now is most likely free when the server takes it, which says so if not.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	return start(port, []string{fmt.Sprintf("listen_addresses = '127.0.0.1'\nport = %d", port)})
}

// ServeTLS has a server of NewListening show this certificate from the next connection
// on, take no other connections by network than those with TLS, and let in by it whoever
// shows a certificate of clients that has the role's name.
func (s *Server) ServeTLS(t testing.TB, own Pair, clients *Authority) {
	t.Helper()
	for name, content := range map[string][]byte{
		"server.crt": own.Cert, "server.key": own.Key, "clients.crt": clients.PEM(),
		"pg_hba.conf": []byte("local all all trust\nhostssl all all 127.0.0.1/32 cert\n"),
	} {
		if err := s.write(name, content); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "ssl_ca_file": "clients.crt", "ssl": "on"} {
		Exec(t, s.URL("postgres"), fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value))
	}
	// It is new each time, so that it is seen when the server has read all of them.
	s.set(t, "log_line_prefix", fmt.Sprintf("%%m [%%p] %d ", databases.Add(1)))
}

// NetworkURL names a database of a server of NewListening, by its address, for a role,
// with settings as "sslmode=verify-full".
func (s *Server) NetworkURL(role, database string, settings ...string) string {
	q := url.Values{}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		q.Set(name, value)
	}
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?%s", role, s.port, database, q.Encode())
}
