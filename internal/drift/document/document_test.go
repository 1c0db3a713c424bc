package document_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
)

func read(t *testing.T, d drift.Document) drift.Content {
	t.Helper()
	return document.Reader{UserAgent: "test"}.Read(context.Background(), map[string]drift.Document{"doc": d})["doc"]
}

// server answers by path; /hang answers when the test ends.
func server(t *testing.T) string {
	t.Helper()
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, req *http.Request) {
		_, _ = w.Write([]byte(req.Method + " " + req.Header.Get("Accept") + " " + req.Header.Get("Authorization") + " " + req.URL.RawQuery))
	})
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { <-done })
	mux.HandleFunc("/great", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, drift.MaxDocument+1)) })
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) }) // Before Close, which waits for the handlers.
	return s.URL
}

func TestHTTP(t *testing.T) {
	url := server(t)
	t.Setenv("DOCUMENT_TEST_TOKEN", "s3cret")
	got := read(t, drift.Document{URL: url + "/ok?q=1", Token: &credential.Reference{Env: "DOCUMENT_TEST_TOKEN"}})
	if got.Err != nil || string(got.Bytes) != "GET application/json Bearer s3cret q=1" {
		t.Errorf("%s, %v", got.Bytes, got.Err)
	}
	for name, c := range map[string]struct {
		doc  drift.Document
		want string
	}{
		"not found":            {drift.Document{URL: url + "/missing?sig=s3cret"}, "answered 404"},
		"an answer of no kind": {drift.Document{URL: url + "/none"}, "answered 204"},
		"too large":            {drift.Document{URL: url + "/great"}, "too large"},
		"too slow":             {drift.Document{URL: url + "/hang?sig=s3cret", Timeout: "100ms"}, "/hang"},
		"no credential":        {drift.Document{URL: url + "/ok", Token: &credential.Reference{Env: "DOCUMENT_TEST_UNSET"}}, "DOCUMENT_TEST_UNSET"},
		"nobody there":         {drift.Document{URL: "http://127.0.0.1:1/x?sig=s3cret"}, "refused"},
	} {
		got := read(t, c.doc)
		if got.Err == nil || !strings.Contains(got.Err.Error(), c.want) || strings.Contains(got.Err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q and no query", name, got.Err, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	good, great, pipe := filepath.Join(dir, "good"), filepath.Join(dir, "great"), filepath.Join(dir, "pipe")
	for path, size := range map[string]int{good: 3, great: drift.MaxDocument + 1} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, drift.Document{File: good}); got.Err != nil || len(got.Bytes) != 3 {
		t.Errorf("%+v", got)
	}
	for path, want := range map[string]string{great: "larger than", pipe: "not a regular file", dir: "not a regular file", filepath.Join(dir, "none"): "no such file"} {
		if got := read(t, drift.Document{File: path}); got.Err == nil || !strings.Contains(got.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, got.Err, want)
		}
	}
}

func TestNoneIsLeftOut(t *testing.T) {
	documents := map[string]drift.Document{}
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x") {
		documents[name] = drift.Document{File: "/nowhere"}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got := document.Reader{}.Read(ctx, documents)
	if len(got) != len(documents) {
		t.Errorf("%d of %d", len(got), len(documents))
	}
	for name, content := range got {
		if content.Err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
