package service

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

func file(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const good = `{"service": "checkout", "version": "1.0.0"}`

func TestLoadKnowsAnArtifactByItsBytes(t *testing.T) {
	one, err := Load(file(t, "a.json", good))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Load(file(t, "a.json", good+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if one.Digest == two.Digest {
		t.Error("one more byte is the same artifact")
	}
	if want := "lab/checkout@" + one.Digest; one.Reference != want || one.Artifact().Digest() != one.Digest {
		t.Errorf("the reference is %q", one.Reference)
	}
}

func TestLoadRefusesNonsense(t *testing.T) {
	for name, c := range map[string]struct{ body, says string }{
		"no JSON":          {"x", "not an artifact"},
		"a misspelt field": {`{"service": "a", "version": "1", "error_rat": 1}`, "error_rat"},
		"no service":       {`{"version": "1"}`, "service"},
		"an odd service":   {`{"service": "a@b", "version": "1"}`, "service"},
		"no version":       {`{"service": "a"}`, "version"},
		"error rate":       {`{"service": "a", "version": "1", "error_rate": 1.5}`, "between 0 and 1"},
		"negative latency": {`{"service": "a", "version": "1", "latency_ms": -1}`, "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "a.json", c.body)
			if _, err := Load(path); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFind(t *testing.T) {
	path := file(t, "a.json", good)
	want, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Find(filepath.Dir(path), want.Digest); err != nil || got.Path != path {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Find(filepath.Dir(path), "sha256:0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another digest: %v", err)
	}
}

func TestListReadsTheArtifactsOfAnyDirectory(t *testing.T) {
	// The name would be a pattern to whoever takes it for one.
	dir := filepath.Join(t.TempDir(), "a[b]*")
	if err := os.MkdirAll(filepath.Join(dir, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{"2.json": good, "1.json": good + " ", "notes.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := List(dir)
	if err != nil || len(found) != 2 || filepath.Base(found[0].Path) != "1.json" || filepath.Base(found[1].Path) != "2.json" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := List(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestADetachedServiceHasNoParent(t *testing.T) {
	opts, err := ParseFlags([]string{"--artifact", "a.json", "--detached"})
	if err != nil || opts.Parent != nil || opts.Ready == nil {
		t.Errorf("got %+v, %v", opts, err)
	}
}

func TestParseFlags(t *testing.T) {
	opts, err := ParseFlags([]string{"--artifact", "a.json", "--digest", "d", "--configuration-digest", "c", "--listen", "127.0.0.1:1"})
	if err != nil || opts.Artifact != "a.json" || opts.Digest != "d" || opts.ConfigurationDigest != "c" || opts.Listen != "127.0.0.1:1" || opts.Parent == nil || opts.Ready == nil {
		t.Errorf("got %+v, %v", opts, err)
	}
	for _, args := range [][]string{{}, {"--artifact", "a", "more"}, {"--nonsense"}} {
		if _, err := ParseFlags(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

// run starts a service and gives its address; closing the parent ends it.
func run(t *testing.T, body string, opts Options) (address string, parent io.Closer, ended chan error) {
	t.Helper()
	stdin, hold := io.Pipe()
	out, ready := io.Pipe()
	opts.Artifact, opts.Listen, opts.Parent, opts.Ready = file(t, "a.json", body), "127.0.0.1:0", stdin, ready
	ended = make(chan error, 1)
	go func() { ended <- Serve(context.Background(), opts) }()
	var r Ready
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hold.Close() })
	return r.Address, hold, ended
}

func status(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // A test's own server.
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestAServiceEndsWithItsParent(t *testing.T) {
	address, parent, ended := run(t, good, Options{})
	if got := status(t, "http://"+address); got != http.StatusOK {
		t.Fatalf("it answers %d", got)
	}
	if err := parent.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAServiceBehavesAsItsArtifactSays(t *testing.T) {
	clk := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	crashed := 0
	address, _, _ := run(t, `{"service": "a", "version": "1", "error_rate": 1, "startup_ms": 1000, "crash_after_requests": 2}`,
		Options{Clock: clk, Crash: func() { crashed++ }})
	url := "http://" + address
	if got := status(t, url+"/healthz"); got != http.StatusServiceUnavailable {
		t.Errorf("while it starts it answers %d", got)
	}
	clk.Advance(time.Second)
	if got := status(t, url+"/healthz"); got != http.StatusNoContent {
		t.Errorf("when it has started it answers %d", got)
	}
	for range 2 {
		if got := status(t, url); got != http.StatusInternalServerError || crashed != 0 {
			t.Errorf("it answers %d and crashed %d times", got, crashed)
		}
	}
	if status(t, url); crashed != 1 {
		t.Errorf("after two requests it crashed %d times", crashed)
	}
}

func TestAFileThatWasChangedIsNotServed(t *testing.T) {
	err := Serve(t.Context(), Options{Artifact: file(t, "a.json", good), Digest: "sha256:0", Listen: "127.0.0.1:0"})
	if err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("got %v", err)
	}
}
