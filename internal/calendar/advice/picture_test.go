package advice_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"flag"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestThePicture draws a week with every sign in it.
func TestThePicture(t *testing.T) {
	loc := zone(t, berlin)
	s := series(loc, "2026-06-01", 2, time.Hour, func(at time.Time) float64 {
		if at.Weekday() == time.Sunday && at.Hour() == 5 {
			return 0
		}
		return math.Round(1000 - 950*math.Cos(float64(at.Hour()-3)/12*math.Pi))
	})
	s = without(s, func(at time.Time) bool { at = at.In(loc); return at.Weekday() == time.Tuesday && at.Hour() == 4 })
	a := advise(t, s, advice.Options{Zone: berlin, Release: advice.Exposure{{0.1, 20 * time.Minute}, {1, 10 * time.Minute}}, Ceiling: 0.01})
	got := a.Picture + "\n" + strings.Join(a.Reasons, "\n") + "\n"
	for line := range strings.Lines(a.Picture) {
		if len(line) > 81 {
			t.Errorf("a line has %d columns: %s", len(line), line)
		}
	}
	const file = "testdata/week.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the picture (-want +got; write it anew with -update):\n%s", diff)
	}
}
