package changecalendar_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccTheExampleOfABusinessCalendar applies examples/calendar.
func TestAccTheExampleOfABusinessCalendar(t *testing.T) {
	world := acctest.World()
	ledger := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	world.Getenv = func(key string) string {
		return map[string]string{"SLUICE_LEDGER": ledger, "SLUICE_ACTOR": "tester@acme"}[key]
	}
	tf := acctest.New(t, world)
	const folder = "../../../examples/calendar"
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		tf.Write(entry.Name(), string(content))
	}
	// The provider of these tests stands in another folder than the configuration.
	t.Chdir(tf.Dir)
	tf.MustApply()
	calendar := tf.State("data.sluice_change_calendar.production")
	if calendar["open"] != true || calendar["next_transition"] != "2026-12-07T16:00:00+01:00" {
		t.Errorf("open %v until %v", calendar["open"], calendar["next_transition"])
	}
	var freezes []string
	upcoming, _ := calendar["upcoming"].([]any)
	for _, u := range upcoming {
		if w, _ := u.(map[string]any); w["kind"] == "freeze" {
			freezes = append(freezes, fmt.Sprint(w["starts_at"], " ", w["window"], ": ", w["reason"]))
		}
	}
	want := []string{
		"2026-12-09T13:00:00+01:00 holidays: public holiday: Assembly of the whole company, everybody is away",
		"2026-12-24T00:00:00+01:00 holidays: public holiday: Christmas",
		"2027-01-03T02:00:00Z payment-provider: maintenance of the payment provider",
	}
	if diff := cmp.Diff(want, freezes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
