package release_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// An apply returns before its credentials end, begins nothing with such that have ended,
// and says which they are.
func TestAccWait_NoLongerThanTheCredentials(t *testing.T) {
	s := newStage(t)
	const name = "SLUICE_TEST_ENDING"
	ends := func(at time.Time) {
		t.Helper()
		part := base64.RawURLEncoding.EncodeToString
		token := part([]byte(`{}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d}`, at.Unix())) + ".c2ln"
		// Nobody else reads it, and testing's own Setenv is none for tests side by side.
		if err := os.Setenv(name, token); err != nil { //nolint:usetesting // See above.
			t.Fatal(err)
		}
	}
	write := func(p artifact.Payload, more ...string) {
		t.Helper()
		target := `contract = { url = "` + s.lab.Contract + `"`
		s.Write("main.tf", strings.Replace(s.config(p, append(more, threeSteps)...), target, target+`, token = { env = "`+name+`" }`, 1))
	}
	past, future := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

	ends(future)
	write(s.v1)
	s.MustApply()
	ends(past)
	write(s.v2)
	refused := s.Apply()
	s.Golden("nothing is begun with credentials that end", refused, "error")
	if n := len(s.history().Rollouts); refused.Exit != 1 || n != 1 {
		t.Fatalf("exit %d, %d rollouts: one was begun", refused.Exit, n)
	}

	ends(future)
	write(s.v2, waits("started"))
	s.mustGoOn()
	ends(past)
	write(s.v2, waits("step"))
	left := s.mustGoOn()
	s.Wants(left, "warning", "Release checkout/production", "this run left the rollout open because the credentials in the environment variable "+name+" last until 2001-01-01T00:00:00Z")
	write(s.v2)
	alone := s.Apply()
	s.Golden("credentials that end and nobody who goes on", alone, "error")
	if open := s.history().Open(); alone.Exit != 1 || open == nil || open.Abort != nil {
		t.Fatalf("exit %d, the rollout is %v", alone.Exit, open)
	}

	ends(future)
	s.MustApply()
	s.wantServing(s.v2)
}
