package calendar

import (
	"archive/zip"
	"math/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wallOf reads a local time into wall seconds.
func wallOf(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

func mustZone(t testing.TB, name string) *zone {
	t.Helper()
	z, err := loadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestResolve(t *testing.T) {
	for _, tc := range []struct {
		name, zone, local string
		exists            bool
		first, last       string
	}{
		{"plain", "Europe/Berlin", "2027-01-10T12:00:00", true, "2027-01-10T12:00:00+01:00", "2027-01-10T12:00:00+01:00"},
		{"utc", "UTC", "2027-03-28T02:30:00", true, "2027-03-28T02:30:00Z", "2027-03-28T02:30:00Z"},
		{"gap New York", "America/New_York", "2024-03-10T02:30:00", false, "2024-03-10T03:00:00-04:00", "2024-03-10T03:30:00-04:00"},
		{"fold New York", "America/New_York", "2024-11-03T01:30:00", true, "2024-11-03T01:30:00-04:00", "2024-11-03T01:30:00-05:00"},
		{"gap Berlin", "Europe/Berlin", "2027-03-28T02:30:00", false, "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"},
		{"just before the gap", "Europe/Berlin", "2027-03-28T01:59:59", true, "2027-03-28T01:59:59+01:00", "2027-03-28T01:59:59+01:00"},
		{"first of the gap", "Europe/Berlin", "2027-03-28T02:00:00", false, "2027-03-28T03:00:00+02:00", "2027-03-28T03:00:00+02:00"},
		{"just after the gap", "Europe/Berlin", "2027-03-28T03:00:00", true, "2027-03-28T03:00:00+02:00", "2027-03-28T03:00:00+02:00"},
		{"fold Berlin", "Europe/Berlin", "2027-10-31T02:30:00", true, "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"},
		{"first of the fold", "Europe/Berlin", "2027-10-31T02:00:00", true, "2027-10-31T02:00:00+02:00", "2027-10-31T02:00:00+01:00"},
		{"just after the fold", "Europe/Berlin", "2027-10-31T03:00:00", true, "2027-10-31T03:00:00+01:00", "2027-10-31T03:00:00+01:00"},
		{"gap Sydney", "Australia/Sydney", "2026-10-04T02:30:00", false, "2026-10-04T03:00:00+11:00", "2026-10-04T03:30:00+11:00"},
		{"fold Sydney", "Australia/Sydney", "2027-04-04T02:30:00", true, "2027-04-04T02:30:00+11:00", "2027-04-04T02:30:00+10:00"},
		{"half-hour gap Lord Howe", "Australia/Lord_Howe", "2026-10-04T02:15:00", false, "2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00"},
		{"after the half-hour gap", "Australia/Lord_Howe", "2026-10-04T02:30:00", true, "2026-10-04T02:30:00+11:00", "2026-10-04T02:30:00+11:00"},
		{"half-hour fold Lord Howe", "Australia/Lord_Howe", "2027-04-04T01:45:00", true, "2027-04-04T01:45:00+11:00", "2027-04-04T01:45:00+10:30"},
		{"skipped day Apia", "Pacific/Apia", "2011-12-30T12:00:00", false, "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"},
		{"day before Apia's skip", "Pacific/Apia", "2011-12-29T23:59:59", true, "2011-12-29T23:59:59-10:00", "2011-12-29T23:59:59-10:00"},
		{"midnight gap Sao Paulo", "America/Sao_Paulo", "2018-11-04T00:30:00", false, "2018-11-04T01:00:00-02:00", "2018-11-04T01:30:00-02:00"},
		{"midnight fold Sao Paulo", "America/Sao_Paulo", "2018-02-17T23:30:00", true, "2018-02-17T23:30:00-02:00", "2018-02-17T23:30:00-03:00"},
		{"far future", "Europe/Berlin", "2199-07-01T12:00:00", true, "2199-07-01T12:00:00+02:00", "2199-07-01T12:00:00+02:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			z := mustZone(t, tc.zone)
			r := z.resolve(wallOf(t, tc.local))
			got := []any{r.exists, z.time(r.first).Format(time.RFC3339), z.time(r.last).Format(time.RFC3339)}
			if diff := cmp.Diff([]any{tc.exists, tc.first, tc.last}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStartOfDay(t *testing.T) {
	for _, tc := range []struct{ name, zone, day, want string }{
		{"midnight", "Europe/Berlin", "2027-03-28", "2027-03-28T00:00:00+01:00"},
		{"no midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"},
		{"two midnights", "America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00"},
		{"no such day", "Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			z := mustZone(t, tc.zone)
			got := z.time(z.startOfDay(wallOf(t, tc.day+"T00:00:00") / day)).Format(time.RFC3339)
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// The unrolled table must show what Go shows, and every wall time that Go shows
// must resolve to instants that show it, the instant itself among them.
func TestZonesAgreeWithGo(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for name := range strings.FieldsSeq(zoneList) {
		z := mustZone(t, name)
		for range 100 {
			instant := minInstant + random.Int63n(maxInstant-minInstant)
			if random.Intn(2) == 0 && len(z.segments) > 1 {
				instant = z.segments[1+random.Intn(len(z.segments)-1)].start + random.Int63n(4*3600) - 2*3600
			}
			_, offset := z.time(instant).Zone()
			wall := z.wall(instant)
			if wall != instant+int64(offset) {
				t.Fatalf("%s: at %d offset is %d, Go says %d", name, instant, wall-instant, offset)
			}
			r := z.resolve(wall)
			if !r.exists || z.wall(r.first) != wall || z.wall(r.last) != wall || (instant != r.first && instant != r.last) {
				t.Fatalf("%s: %d resolves to %+v", name, instant, r)
			}
		}
	}
}

// A newer Go may know a few zones more; it never knows fewer.
func TestZoneListIsThatOfGo(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	missing := map[string]bool{}
	for _, file := range archive.File {
		if !strings.HasSuffix(file.Name, "/") && file.Name != "Factory" {
			missing[file.Name] = true
		}
	}
	for name := range strings.FieldsSeq(zoneList) {
		if !missing[name] {
			t.Errorf("Go does not know %q, or the list has it twice", name)
		}
		delete(missing, name)
	}
	if len(missing) > 5 {
		t.Errorf("the list is old; it lacks %v", missing)
	}
}

func TestSuggestZone(t *testing.T) {
	for wrong, want := range map[string]string{
		"Europe/Berln": "Europe/Berlin", "europe/berlin": "Europe/Berlin", "Berlin": "Europe/Berlin", "utc": "UTC",
		"America/New York": "America/New_York", "CEST": "", "PST": "", "UTC+1": "", "W. Europe Standard Time": "", "": "",
		strings.Repeat("x", 10000): "",
	} {
		if got := suggestZone(wrong); got != want {
			t.Errorf("for %.40q: got %q, want %q", wrong, got, want)
		}
	}
}
