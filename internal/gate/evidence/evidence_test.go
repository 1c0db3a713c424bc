package evidence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/evidence"
)

var (
	now    = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	digest = "sha256:" + strings.Repeat("a", 64)
	other  = "sha256:" + strings.Repeat("b", 64)
	p      = artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: "checkout@" + digest}}
)

func scan(status gate.Status, change func(*gate.Evidence)) gate.Evidence {
	e := gate.Evidence{Kind: "scan", Digest: digest, Status: status, Reason: "the scan found 2 low", At: "2026-11-25T08:00:00Z", ExpiresAt: "2026-11-26T09:00:00Z"}
	if status != gate.Pass {
		e.Reason, e.Remedy = "the scan is in progress", "plan again"
	}
	if change != nil {
		change(&e)
	}
	return e
}

func TestTheGateJudgesEachPiece(t *testing.T) {
	signed := gate.Evidence{Kind: "signature", Digest: digest, Status: gate.Pass, Reason: "signed by releases@acme"}
	for name, c := range map[string]struct {
		given []gate.Evidence
		at    time.Time
		want  gate.Result
	}{
		"all of it is good": {[]gate.Evidence{scan(gate.Pass, nil), signed}, now, gate.Result{Status: gate.Pass, Reason: "scan: the scan found 2 low; signature: signed by releases@acme"}},
		"nobody knows":      {[]gate.Evidence{scan(gate.Unknown, nil), signed}, now, gate.Result{Status: gate.Unknown, Reason: "scan unknown: the scan is in progress", Remedy: "plan again"}},
		"a fail outweighs": {[]gate.Evidence{scan(gate.Unknown, nil), scan(gate.Fail, func(e *gate.Evidence) { e.Reason, e.Remedy = "9 critical", "fix them" }), scan(gate.Unknown, nil)}, now,
			gate.Result{Status: gate.Fail, Reason: "scan unknown: the scan is in progress; scan fail: 9 critical; scan unknown: the scan is in progress", Remedy: "plan again; fix them; plan again"}},
		"it is of another artifact": {[]gate.Evidence{scan(gate.Pass, func(e *gate.Evidence) { e.Digest = other })}, now, gate.Result{Status: gate.Fail, Reason: "scan fail: it is of bbbbbbbbbbbb, and the artifact is aaaaaaaaaaaa", Remedy: "take artifact and evidence from one data source"}},
		"it is of nothing":          {[]gate.Evidence{scan(gate.Pass, func(e *gate.Evidence) { e.Digest = "" })}, now, gate.Result{Status: gate.Fail, Reason: "scan fail: it is of , and the artifact is aaaaaaaaaaaa", Remedy: "take artifact and evidence from one data source"}},
		"the last second":           {[]gate.Evidence{scan(gate.Pass, nil)}, now.Add(time.Hour - time.Second), gate.Result{Status: gate.Pass, Reason: "scan: the scan found 2 low"}},
		"it has expired":            {[]gate.Evidence{scan(gate.Pass, nil)}, now.Add(time.Hour), gate.Result{Status: gate.Unknown, Reason: "scan unknown: it was good until 2026-11-26T09:00:00Z (the scan found 2 low)", Remedy: "plan again, so that it is looked at anew"}},
		"an end that is none":       {[]gate.Evidence{scan(gate.Pass, func(e *gate.Evidence) { e.ExpiresAt = "soon" })}, now, gate.Result{Status: gate.Unknown, Reason: `scan unknown: nobody can tell until when it is good: "soon"`, Remedy: "plan again, so that it is looked at anew"}},
		"a status of the future":    {[]gate.Evidence{scan("perhaps", nil)}, now, gate.Result{Status: gate.Unknown, Reason: "scan unknown: the scan is in progress", Remedy: "plan again"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Gate = "evidence"
			got := gate.CheckAll(t.Context(), []gate.Gate{evidence.New()}, gate.Subject{Payload: p, Evidence: c.given}, c.at)
			if diff := cmp.Diff([]gate.Result{c.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Without evidence, and within a rollout that has begun, the gate is neither asked nor
// shown.
func TestTheGateIsForWhatHasEvidenceAndHasNotBegun(t *testing.T) {
	for name, s := range map[string]gate.Subject{
		"no evidence": {Payload: p},
		"begun":       {Payload: p, Evidence: []gate.Evidence{scan(gate.Fail, nil)}, Started: now},
	} {
		if got := gate.CheckAll(t.Context(), []gate.Gate{evidence.New()}, s, now); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestEvidenceIsChecked(t *testing.T) {
	good := scan(gate.Pass, nil)
	if errs := good.Validate(); len(errs) > 0 {
		t.Error(errs)
	}
	for path, change := range map[string]func(*gate.Evidence){
		"kind": func(e *gate.Evidence) { e.Kind = "" }, "digest": func(e *gate.Evidence) { e.Digest = "1.0.0" }, "status": func(e *gate.Evidence) { e.Status = "passed" },
		"reason": func(e *gate.Evidence) { e.Reason = "" }, "at": func(e *gate.Evidence) { e.At = "yesterday" }, "expires_at": func(e *gate.Evidence) { e.ExpiresAt = "2026-12-03" },
	} {
		errs := scan(gate.Pass, change).Validate()
		if len(errs) != 1 || errs[0].Path != path || !strings.Contains(errs[0].Msg, "for example evidence =") && !strings.Contains(errs[0].Msg, "take it from a data source") {
			t.Errorf("%s: %v", path, errs)
		}
	}
}
