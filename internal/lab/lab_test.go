package lab_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
)

func TestMain(m *testing.M) { labtest.Main(m) }

// driver is the contract driver for a running lab.
func driver(t *testing.T, l *labtest.Lab) target.Target {
	t.Helper()
	d, err := contract.New(contract.Config{URL: l.Contract}, target.Deps{Clock: clock.System{}, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(key string) target.WriteRequest { return target.WriteRequest{Key: key, Fence: 1} }

// prepare repeats the verb until it is done, as the engine does.
func prepare(t *testing.T, d target.Target, key string, p artifact.Payload) {
	t.Helper()
	labtest.Eventually(t, 20*time.Second, p.Label()+" is prepared", func() bool {
		got, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write(key), Payload: p})
		if err != nil {
			t.Fatal(err)
		}
		return got.Done
	})
}

// release makes the payload the only one.
func release(t *testing.T, d target.Target, p artifact.Payload) {
	t.Helper()
	key := p.Label()
	prepare(t, d, key+"/prepare", p)
	for _, do := range []func() (target.Progress, error){
		func() (target.Progress, error) {
			return d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write(key + "/100"), Traffic: target.TrafficState{Weight: 100}})
		},
		func() (target.Progress, error) { return d.Complete(t.Context(), write(key+"/complete")) },
		func() (target.Progress, error) { return d.Finalize(t.Context(), write(key+"/finalize")) },
	} {
		if p, err := do(); err != nil || !p.Done {
			t.Fatalf("releasing %s: %+v, %v", key, p, err)
		}
	}
}

func observe(t *testing.T, d target.Target) target.Observation {
	t.Helper()
	o, err := d.Observe(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// get asks the service through the router.
func get(t *testing.T, url string) (status int, a service.Answer) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // A test's own server.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_ = json.NewDecoder(resp.Body).Decode(&a)
	return resp.StatusCode, a
}

func TestALabServesWhatWasReleased(t *testing.T) {
	l := labtest.Start(t, lab.Config{})
	d := driver(t, l)
	if o := observe(t, d); !o.Known || o.Baseline != nil || o.Canary != nil {
		t.Fatalf("a new lab serves %+v", o)
	}
	if status, _ := get(t, l.Addresses.Traffic); status != http.StatusServiceUnavailable {
		t.Fatalf("a new lab answers %d", status)
	}
	v1, v2 := l.Artifact(service.Descriptor{Version: "1.0.0"}), l.Artifact(service.Descriptor{Version: "1.1.0"})
	v2.ConfigurationDigest = "sha256:" + "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
	release(t, d, v1)
	if status, a := get(t, l.Addresses.Traffic); status != http.StatusOK || a.Version != "1.0.0" {
		t.Fatalf("after the first release: %d %+v", status, a)
	}
	release(t, d, v2)
	status, a := get(t, l.Addresses.Traffic)
	if status != http.StatusOK || a.Version != "1.1.0" || a.ConfigurationDigest != v2.ConfigurationDigest || a.Digest != v2.Digest() {
		t.Fatalf("after the second release: %d %+v", status, a)
	}
	if o := observe(t, d); !o.Baseline.Payload.Same(v2) || o.Canary != nil || o.Baseline.Weight != 100 {
		t.Fatalf("after the second release it observes %+v", o)
	}
}
