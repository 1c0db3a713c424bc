package calendar

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
)

// zoneList holds the names of the IANA database of the Go release in use. A list
// of our own makes a name mean the same on every machine: a file system may
// ignore case, or offer "right/..." zones that count leap seconds.
//
//go:embed zones.txt
var zoneList string

// zoneNames returns the set of names.
var zoneNames = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(zoneList) {
		set[name] = true
	}
	return set
})

// knownZone says whether the name is in the IANA database.
func knownZone(name string) bool { return zoneNames()[name] }

// suggestZone returns the name that was probably meant, or the empty string.
func suggestZone(name string) string {
	if len(name) > 64 {
		return ""
	}
	wanted := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
	best, distance := "", 3
	for known := range strings.FieldsSeq(zoneList) {
		lower := strings.ToLower(known)
		_, city, _ := strings.Cut(lower, "/")
		d := distance
		switch {
		case lower == wanted:
			d = 0
		case city != "" && city == wanted:
			d = 1
		case strings.Contains(wanted, "/"):
			// Abbreviations such as CEST lie near others that mean another time.
			d = max(1, editDistance(wanted, lower))
		}
		if d < distance {
			best, distance = known, d
		}
	}
	return best
}

// editDistance is Levenshtein's, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// KnownZone says whether the name is that of an IANA time zone, as windows take it.
func KnownZone(name string) bool { return knownZone(name) }

// Resolve returns the instant of a local time such as "2026-12-24T18:00:00" in the
// named zone, by RFC 5545, 3.3.5: the first of two in a fold, and in a gap the one
// that the offset before it gives.
func Resolve(zoneName, local string) (time.Time, error) {
	z, err := loadZone(zoneName)
	if err != nil {
		return time.Time{}, err
	}
	m, err := parseMoment(local)
	if err != nil {
		return time.Time{}, err
	}
	if m.form != formLocal {
		return time.Time{}, fmt.Errorf("%s is no local time; allowed is, for example, %q", quote(local), "2026-12-24T18:00:00")
	}
	r := z.resolve(m.value)
	if !r.exists {
		return z.time(r.last), nil
	}
	return z.time(r.first), nil
}
