package s3test

import (
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program is the environment variable that names versitygw's program, to stand for every
// store of Fake. It keeps objects as files, in a process of its own, and takes
// conditional writes one at a time by its own lock: none of that is ours.
const Program = "SLUICE_TEST_S3"

// gateway starts versitygw until the test ends.
func gateway(t testing.TB, program string) *Server {
	t.Helper()
	folders := map[string]string{}
	for _, name := range []string{"objects", "versions"} {
		folders[name] = filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(folders[name], 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address := "127.0.0.1:" + free(t)
	launch(t, exec.Command(program, "--port", address, "--access", AccessKey, "--secret", SecretKey, "--region", "us-east-1", "--quiet",
		"posix", "--versioning-dir", folders["versions"], folders["objects"]), "http://"+address)
	target := &url.URL{Scheme: "http", Host: address}
	return start(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		// The signature is over the host that the client named.
		r.Out.Host = r.In.Host
	}})
}
