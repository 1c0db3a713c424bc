package s3test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// MotoServer is moto in a process of its own.
type MotoServer struct {
	*Server
	address string
	// secrets are those of the users that were made, by the key's id.
	secrets map[string]string
}

// Moto starts moto until the test ends. It is given one request at a time, since it
// loses updates among several; between the requests of many clients any order is
// possible all the same. A machine without it fails.
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	bin, err := exec.LookPath("moto_server")
	if err != nil {
		t.Fatal("moto_server is not on the PATH; run make packages, or pip install 'moto[server]==5.2.1'")
	}
	port := free(t)
	m := &MotoServer{address: "http://127.0.0.1:" + port, secrets: map[string]string{}}
	launch(t, exec.Command(bin, "-H", "127.0.0.1", "-p", port), m.address+"/moto-api/data.json", "MOTO_PORT="+port)
	target, err := url.Parse(m.address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		// The signature is over the host that the client named.
		r.Out.Host = r.In.Host
		if misread(r.In) {
			m.resign(r.Out)
		}
	}}
	var one sync.Mutex
	m.Server = start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	return m
}

// Enforce switches the enforcement of IAM's policies on, for all requests from now on.
func (m *MotoServer) Enforce(t testing.TB) {
	t.Helper()
	m.reset(t, "0")
	t.Cleanup(func() { m.reset(t, "99999999") })
}

func (m *MotoServer) reset(t testing.TB, requests string) {
	t.Helper()
	resp, err := http.Post(m.address+"/moto-api/reset-auth", "text/plain", strings.NewReader(requests)) //nolint:noctx // It is local.
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(fmt.Errorf("reset-auth: %s %s %w", resp.Status, body, err))
	}
}

// User makes a user of IAM with one policy and returns a key of theirs.
func (m *MotoServer) User(t testing.TB, name, policy string) (id, secret string) {
	t.Helper()
	m.iam(t, url.Values{"Action": {"CreateUser"}, "UserName": {name}})
	m.iam(t, url.Values{"Action": {"PutUserPolicy"}, "UserName": {name}, "PolicyName": {"sluice"}, "PolicyDocument": {policy}})
	answer := m.iam(t, url.Values{"Action": {"CreateAccessKey"}, "UserName": {name}})
	between := func(element string) string {
		_, text, _ := strings.Cut(answer, "<"+element+">")
		text, _, _ = strings.Cut(text, "<")
		return text
	}
	id, secret = between("AccessKeyId"), between("SecretAccessKey")
	m.secrets[id] = secret
	return id, secret
}

func (m *MotoServer) iam(t testing.TB, form url.Values) string {
	t.Helper()
	form.Set("Version", "2010-05-08")
	return m.Query(t, "iam", "us-east-1", form)
}

// Query asks a service that takes forms: the form has Action and Version. It returns
// the answer's text.
func (m *MotoServer) Query(t testing.TB, service, region string, form url.Values) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// It says which service is meant; nobody checks it yet.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/"+region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=x")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", form.Get("Action"), resp.Status, body, err)
	}
	return string(body)
}
