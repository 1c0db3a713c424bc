package rehearsal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/rehearsal"
)

func TestCheck(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	good := gate.Finding{Part: "path", Status: gate.Pass, Reason: "at once"}
	gone := gate.Finding{Part: "artifact", Status: gate.Fail, Reason: "1.0.0 is unhealthy", Remedy: "mend it"}
	dark := gate.Finding{Part: "capacity", Status: gate.Unknown, Reason: "nobody can tell", Remedy: "look"}
	cases := []struct {
		name   string
		s      gate.Subject
		status gate.Status
		says   []string
	}{
		{"not required", gate.Subject{Rehearsal: []gate.Finding{good}}, gate.Pass, nil},
		{"not required, and not open", gate.Subject{Rehearsal: []gate.Finding{gone}}, gate.Pass, []string{"does not require it"}},
		{"required, and open", gate.Subject{RehearsalRequired: true, Rehearsal: []gate.Finding{good}}, gate.Pass, nil},
		{"required, and gone", gate.Subject{RehearsalRequired: true, Rehearsal: []gate.Finding{dark, gone, dark}}, gate.Fail, []string{"artifact fail: 1.0.0 is unhealthy", "capacity unknown: nobody can tell", "mend it; look"}},
		{"required, and not known", gate.Subject{RehearsalRequired: true, Rehearsal: []gate.Finding{good, dark}}, gate.Unknown, []string{"capacity unknown", "look"}},
		{"required, and never done", gate.Subject{RehearsalRequired: true}, gate.Unknown, []string{"nobody rehearsed the way back"}},
		{"a part within a rollout", gate.Subject{RehearsalRequired: true, Rehearsal: []gate.Finding{gone}, Started: now}, gate.Fail, []string{"artifact fail"}},
		{"within a rollout", gate.Subject{RehearsalRequired: true, Started: now}, gate.Pass, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := rehearsal.New().Check(t.Context(), c.s, now)
			if got.Gate != rehearsal.Name || got.Status != c.status {
				t.Errorf("%+v, want %s", got, c.status)
			}
			for _, s := range c.says {
				if !strings.Contains(got.Reason+" "+got.Remedy, s) {
					t.Errorf("%q and %q do not say %q", got.Reason, got.Remedy, s)
				}
			}
		})
	}
}
