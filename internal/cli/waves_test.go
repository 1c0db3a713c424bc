package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var wavesKey = release.Key{Service: "checkout", Environment: "production"}

// overTargets folds a rollout over five targets from its records, and gives the
// words that each of them is told in.
func overTargets(t *testing.T, kinds []string, bodies []any) (*release.History, []string) {
	t.Helper()
	spec := release.Spec{Service: "checkout", Environment: release.Environment{Name: "production"}, Waves: &release.Waves{Sizes: []int{1, 2}},
		Payload: artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0", Reference: "x@sha256:" + strings.Repeat("a", 64)}}}
	order := []string{"eu-1", "eu-2", "us-1", "us-2", "ap-1"}
	for _, name := range order {
		spec.Targets = append(spec.Targets, release.TargetSpec{Name: name, Target: target.Config{Driver: "contract", Config: json.RawMessage(`{"url":"` + name + `"}`)}})
	}
	kinds = append([]string{release.KindOpened, "rollout.stepping"}, kinds...)
	bodies = append([]any{
		release.OpenedBody{Number: 1, Kind: release.Forward, Spec: spec.Normalize(), Waves: &release.WavesOpening{Order: order}},
		release.MoveBody{From: release.Opened, Event: release.EventWavesBegin},
	}, bodies...)
	h := release.NewHistory(wavesKey)
	var told []string
	for i, kind := range kinds {
		raw, err := json.Marshal(bodies[i])
		if err != nil {
			t.Fatal(err)
		}
		raw = append([]byte(`{"rollout":1,`), raw[1:]...)
		if i == 0 {
			raw, _ = json.Marshal(bodies[i]) // It was marshalled a moment ago.
		}
		rec := ledger.Record{Stream: wavesKey.Stream(), Seq: uint64(i + 1), Kind: kind, At: time.Unix(int64(1000+i), 0).UTC(), Actor: "ci@acme", Body: raw}
		if err := h.Add(rec); err != nil {
			t.Fatal(err)
		}
		e, ok, err := eventOf(h, rec)
		if err != nil || !ok {
			t.Fatalf("%s has no words: %v", kind, err)
		}
		told = append(told, e.Text)
	}
	return h, told
}

var midWave = struct {
	kinds  []string
	bodies []any
}{
	[]string{
		release.KindTargetStarted, release.KindTargetEnded, release.KindWaveWatched, release.KindTargetStarted, release.KindTargetStarted,
		release.KindTargetWaiting, release.KindTargetEnded,
	},
	[]any{
		release.TargetStartedBody{Target: "eu-1"}, release.TargetEndedBody{Target: "eu-1", Result: release.Shipped, Changed: true, Rollout: 4},
		release.WaveWatchedBody{Looked: 1, Soak: 5_008_136_176, Ill: map[string]string{"eu-1": "it is hot"}},
		release.TargetStartedBody{Target: "eu-2", Wave: 1}, release.TargetStartedBody{Target: "us-1", Wave: 1},
		release.TargetWaitingBody{Target: "us-1", Reason: "window fail: freeze"},
		release.TargetEndedBody{Target: "eu-2", Result: release.WentBack, Cause: release.CauseHarm, Reason: "errors 9 of 10", Rollout: 2},
	},
}

func TestWavesAreToldInWords(t *testing.T) {
	_, told := overTargets(t, midWave.kinds, midWave.bodies)
	want := []string{
		"opened nothing -> 1.1.0, 5 targets in 3 waves, by ci@acme", "stepping",
		"eu-1 begins, in wave 1 of 3", "eu-1: 1.1.0 serves", "looked at 1 target after wave 1, 5s more of its soak; eu-1: it is hot",
		"eu-2 begins, in wave 2 of 3", "us-1 begins, in wave 2 of 3", "us-1 waits: window fail: freeze", "eu-2: rolled back: errors 9 of 10",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWavesAreDrawn(t *testing.T) {
	h, _ := overTargets(t, midWave.kinds, midWave.bodies)
	want := []string{"  wave 1   [=]", "  wave 2   [x>]", "  wave 3   [..]", "  = serves it   > under way   x failed   < back   . to come"}
	if diff := cmp.Diff(want, wavesPicture(h.Open(), 79)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	line := ProgressLine(h.Open(), time.Unix(2000, 0), 80)
	if !strings.Contains(line, "20 %  wave 2 of 3  1 of 5 targets") || len([]rune(line)) > 80 {
		t.Errorf("the progress is %q", line)
	}
	var states []string
	for _, target := range toTargets(wavesKey, h.Open()) {
		states = append(states, target.Target+" "+target.State+" "+target.Rollout)
	}
	if diff := cmp.Diff([]string{"eu-1 serves checkout/production/eu-1/4", "eu-2 failed checkout/production/eu-2/2", "us-1 under_way ", "us-2 to_come ", "ap-1 to_come "}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := reachedTargets(h.Open()); s != "It went over 5 targets in 3 waves; 1.1.0 serves at 1. eu-2 failed: errors 9 of 10." {
		t.Errorf("explained as %q", s)
	}
}

func TestPartsAreShownWithTheirWhole(t *testing.T) {
	other := release.Key{Service: "cart", Environment: "production"}
	keys := []release.Key{other, wavesKey, wavesKey.Part("eu-1"), wavesKey.Part("us-1")}
	if got := wholes(keys); !slices.Equal(got, []release.Key{other, wavesKey}) {
		t.Errorf("wholes %v", got)
	}
	if got := single(keys); !slices.Equal(got, []release.Key{other, wavesKey.Part("eu-1"), wavesKey.Part("us-1")}) {
		t.Errorf("single targets %v", got)
	}
	for text, want := range map[string]release.Key{"checkout/production": wavesKey, "checkout/production/eu-1": wavesKey.Part("eu-1")} {
		if got, err := parseRelease(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"checkout/production/", "checkout/production/17", "checkout/production/a/b", "checkout/production/e u"} {
		if _, err := parseRelease(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if key, number, err := parseRollout("checkout/production/eu-1/3"); err != nil || key != wavesKey.Part("eu-1") || number != 3 {
		t.Errorf("the third rollout of a part: %v, %d, %v", key, number, err)
	}
}
