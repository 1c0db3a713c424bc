package release

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// Whoever waits for the turn of a release can see in Terraform's log how many are before it.
func TestALogSaysHowManyAreBeforeIt(t *testing.T) {
	var out bytes.Buffer
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tellWaiting(tflogtest.RootLogger(t.Context(), &out), engine.Waiting{
		Key: engine.Key{Service: "checkout", Environment: "production"}, Ahead: 57, Where: "the account 123456789012, eu-central-1", Since: since})
	lines, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil || len(lines) != 1 {
		t.Fatalf("%v, %v", lines, err)
	}
	want := map[string]any{"@level": "info", "@message": "waits for its turn to begin", "@module": "provider",
		"release": "checkout/production", "before_it": 57.0, "in": "the account 123456789012, eu-central-1", "since": "2026-03-02T09:00:00Z"}
	if diff := cmp.Diff(want, lines[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
