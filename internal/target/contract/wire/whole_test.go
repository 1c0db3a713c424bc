package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// TestDecodeWholeTakesWhatWeWrite holds the check to the types that it is read
// from.
func TestDecodeWholeTakesWhatWeWrite(t *testing.T) {
	payload := artifact.Payload{Artifact: artifact.Artifact{Version: "1", Reference: "r"}, ConfigurationDigest: "c"}
	full := Progress{Done: true, LookAgainSeconds: 1.5, Observation: Observation{
		Known: true, Baseline: &Arm{Payload: payload, Weight: 99.5, Health: target.Healthy, Replicas: 3}, Canary: &Arm{Payload: payload, Weight: 0.5, Health: target.Unhealthy},
		Fingerprint: "f", Fence: 7, RevertAfterSeconds: 3, Reverted: true, Fields: map[string]any{"a": 1.0, "b": nil},
	}}
	for _, want := range []Progress{{}, full} {
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Progress
		if err := DecodeWhole(raw, &got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	}
}

func TestDecodeWholeNamesWhatIsWrong(t *testing.T) {
	for content, want := range map[string]string{
		``:                              "the body is empty",
		`[]`:                            "the answer is a list and must be an object",
		`null`:                          "the answer is null and must be an object",
		`{"known": "yes"}`:              "known is a string and must be true or false",
		`{"known": null}`:               "known is null and must be true or false",
		`{"Known": true}`:               "known is missing; Known is not known",
		`{"known": true, "fence": -1}`:  "fence is a number and must be a whole number",
		`{"known": true, "fields": []}`: "fields is a list and must be an object",
		`{"known": true, "canary": {"weight": 1}}`: "canary.payload is missing; canary.health is missing",
		`{"known": true, "canary": {"weight": 1, "health": 3, "payload": {"version": "1", "reference": "r", "digest": "x"}}}`: "canary.payload.digest is not known; canary.health is a number and must be a string",
	} {
		var o Observation
		if err := DecodeWhole([]byte(content), &o); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
	var o Obstacles
	if err := DecodeWhole([]byte(`{"obstacles": [{"what": "a"}, {}]}`), &o); err == nil || !strings.Contains(err.Error(), "obstacles[1].what is missing") {
		t.Errorf("%v, want the second obstacle named", err)
	}
	if err := DecodeWhole([]byte(`{"obstacles": null}`), &o); err == nil || !strings.Contains(err.Error(), "obstacles is null and must be a list") {
		t.Errorf("%v, want that a pass is an empty list", err)
	}
	if err := DecodeWhole([]byte(`{"known": true, "baseline": null}`), &Observation{}); err != nil {
		t.Errorf("a null where nothing is required: %v", err)
	}
}
