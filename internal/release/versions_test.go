package release_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The versions of a service are those of all its environments, by the newest label of each
// digest, and none of another service.
func TestVersionsOfAService(t *testing.T) {
	l := mem.New(start)
	n := 0
	put := func(key release.Key, kind string, body any) {
		t.Helper()
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		records, err := l.Read(t.Context(), key.Stream(), 1)
		if err != nil {
			t.Fatal(err)
		}
		n++
		e := ledger.Entry{ID: fmt.Sprint(n), Kind: kind, At: start.Add(time.Duration(n) * time.Minute), Actor: "ci@acme", Service: key.Service, Environment: key.Environment, Body: raw}
		if _, err := l.Append(t.Context(), key.Stream(), uint64(len(records)), e); err != nil {
			t.Fatal(err)
		}
	}
	named := func(version string, p artifact.Payload) artifact.Payload { p.Version = version; return p }
	one, two, three := payload("1.0.1"), payload("1.0.2"), payload("1.0.3")
	staging := release.Key{Service: key.Service, Environment: "staging"}
	put(key, release.KindAdopted, release.AdoptedBody{Spec: release.Spec{Payload: named("rc1", one)}})
	put(staging, release.KindOpened, release.OpenedBody{Number: 1, Spec: release.Spec{Payload: two}, Baseline: &one})
	put(staging.Part("eu-1"), release.KindOpened, release.OpenedBody{Number: 1, Spec: release.Spec{Payload: three}, Baseline: &artifact.Payload{Artifact: artifact.Artifact{Reference: payload("9").Reference}}})
	put(release.Key{Service: "search", Environment: "staging"}, release.KindOpened, release.OpenedBody{Number: 1, Spec: release.Spec{Payload: payload("7.7.7")}})
	got, err := release.Versions(t.Context(), l, key.Service)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{one.Digest(): "1.0.1", two.Digest(): "1.0.2", three.Digest(): "1.0.3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
