package awscloud_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// asChild makes this executable call AWS as its environment says, and end: Go reads
// the proxy once in a process's life.
const asChild = "SLUICE_TEST_SETTINGS"

func TestMain(m *testing.M) {
	if raw := os.Getenv(asChild); raw != "" {
		os.Exit(child(raw))
	}
	os.Exit(m.Run())
}

// child makes one call for each of the settings.
func child(raw string) int {
	var all []awscloud.Settings
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		fmt.Println(err)
		return 1
	}
	for _, set := range all {
		s := awscloud.NewSession(set, awscloud.Who{Actor: "ci@acme"})
		cfg, err := s.Config(context.Background())
		if err == nil {
			_, err = sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		}
		if err != nil {
			fmt.Printf("%+v: %v\n", set, s.Explain(err))
			return 1
		}
	}
	return 0
}

// certificate is one of our own for AWS's names, with the file that says so.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a proxy that looks inside"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"*.us-east-1.amazonaws.com", "*.us-east-1.api.aws", "*.cn-north-1.amazonaws.com.cn", "*.us-gov-west-1.amazonaws.com", "*.sts.us-east-1.vpce.amazonaws.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// proxy leads whatever is asked for to one server, and writes down what that was.
type proxy struct {
	to    string
	mu    sync.Mutex
	asked []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only for https", http.StatusMethodNotAllowed)
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, strings.TrimSuffix(r.Host, ":443"))
	p.mu.Unlock()
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close() //nolint:errcheck // It has ended.
	here, rest, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close() //nolint:errcheck // It has ended.
	if _, err := here.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err != nil {
		return
	}
	go func() { _, _ = io.Copy(there, rest) }() // It ends with either connection.
	_, _ = io.Copy(here, there)
}

// Behind a proxy that looks inside with certificates of its own, each kind of endpoint
// is asked for by its name. The endpoint of a driver is not that of STS.
func TestEndpointsBehindAProxy(t *testing.T) {
	cert, bundle := certificate(t)
	server := httptest.NewUnstartedServer(&securityTokens{})
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	p := &proxy{to: server.Listener.Addr().String()}
	through := httptest.NewServer(p)
	t.Cleanup(through.Close)

	role := []awscloud.Role{{ARN: "arn:aws:iam::123456789012:role/releases"}}
	cases := []struct {
		set  awscloud.Settings
		want []string
	}{
		{awscloud.Settings{Region: "us-east-1"}, []string{"sts.us-east-1.amazonaws.com"}},
		{awscloud.Settings{Region: "us-east-1", FIPS: true}, []string{"sts-fips.us-east-1.amazonaws.com"}},
		{awscloud.Settings{Region: "us-east-1", DualStack: true}, []string{"sts.us-east-1.api.aws"}},
		{awscloud.Settings{Region: "us-east-1", FIPS: true, DualStack: true}, []string{"sts-fips.us-east-1.api.aws"}},
		{awscloud.Settings{Region: "cn-north-1"}, []string{"sts.cn-north-1.amazonaws.com.cn"}},
		{awscloud.Settings{Region: "us-gov-west-1"}, []string{"sts.us-gov-west-1.amazonaws.com"}},
		{awscloud.Settings{Region: "us-east-1", Endpoint: "https://vpce-0123-abcd.sts.us-east-1.vpce.amazonaws.com"}, []string{"vpce-0123-abcd.sts.us-east-1.vpce.amazonaws.com"}},
		{awscloud.Settings{Region: "us-east-1", FIPS: true, AssumeRole: role}, []string{"sts-fips.us-east-1.amazonaws.com"}},
		{awscloud.Settings{Region: "us-east-1", Endpoint: "https://vpce-0123-abcd.sts.us-east-1.vpce.amazonaws.com", AssumeRole: role},
			[]string{"sts.us-east-1.amazonaws.com", "vpce-0123-abcd.sts.us-east-1.vpce.amazonaws.com"}},
	}
	var all []awscloud.Settings
	var want []string
	for _, c := range cases {
		all, want = append(all, c.set), append(want, c.want...)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(strings.ToUpper(v), "NO_PROXY=") || strings.HasPrefix(v, "AWS_")
	})
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE="+bundle, "HTTPS_PROXY="+through.URL, "https_proxy="+through.URL, asChild+"="+string(raw))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Each of them has connections of its own, and whether the second request of one finds
	// the first one's connection free is a matter of luck.
	if diff := cmp.Diff(want, slices.Compact(p.asked)); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

// What never came through to AWS changed nothing there.
func TestNotReached(t *testing.T) {
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	for name, cause := range map[string]error{
		"a certificate of a stranger": &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"no proxy":                    &net.OpError{Op: "proxyconnect", Err: errors.New("connection refused")},
		"nobody there":                &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		"no such name":                &net.DNSError{IsNotFound: true},
	} {
		err := &url.Error{Op: "Post", URL: "https://lambda.eu-central-1.amazonaws.com", Err: cause}
		if e := s.Explain(err); e.Kind != awscloud.Unreachable || !strings.Contains(e.Remedy, "HTTPS_PROXY") || !strings.Contains(e.Remedy, "AWS_CA_BUNDLE") {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := s.Explain(&url.Error{Op: "Post", Err: &net.OpError{Op: "read", Err: errors.New("connection reset")}}); e.Kind != awscloud.Unknown {
		t.Errorf("a connection that broke: %+v", e)
	}
}
