package calendar

import (
	"bufio"
	_ "embed"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/libical/icalrecur_test.txt
var libicalCases string

// libicalCase is one rule of libical's own test.
type libicalCase struct{ rule, start, instances string }

// unimplemented are the instances of the one rule that libical has not implemented,
// by hand: 30 December lies in week 1 of the next year.
const unimplemented = "20241230,20251230,20301230,20311230"

func libical() []libicalCase {
	var cases []libicalCase
	var c libicalCase
	for lines := bufio.NewScanner(strings.NewReader(libicalCases)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "RRULE":
			c = libicalCase{rule: value}
		case "DTSTART":
			c.start = value
		case "INSTANCES":
			if c.instances = value; strings.Contains(value, "UNIMPLEMENTED") {
				c.instances = unimplemented
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// refusedOfLibical is what a window refuses of rules that libical reads, by the
// words of the refusal: frequencies below a day, and what RFC 5545 leaves undefined.
var refusedOfLibical = []string{"is refused: a window comes daily at most", "is not in the rule"}

// TestAgainstLibical holds the expansion to every case of libical's test that a
// window takes. The rest must be refused, and not read otherwise.
func TestAgainstLibical(t *testing.T) {
	same, refused := 0, map[string]int{}
	for _, c := range libical() {
		want := strings.Split(c.instances, ",")
		e := Expansion{DTStart: strings.TrimSuffix(c.start, "Z"), Zone: "UTC", RRules: []string{c.rule}, Limit: len(want) + 1}
		found, err := Expand(e)
		if err != nil {
			why := ""
			for _, words := range refusedOfLibical {
				if strings.Contains(err.Error(), words) {
					why = words
					break
				}
			}
			if why == "" || !errors.Is(err, ErrInvalid) {
				t.Errorf("%s from %s: %v", c.rule, c.start, err)
			}
			refused[why]++
			continue
		}
		layout := "20060102T150405"
		switch {
		case len(c.start) == len("20060102"):
			layout = "20060102"
		case strings.HasSuffix(c.start, "Z"):
			layout += "Z"
		}
		var got []string
		for _, i := range found {
			got = append(got, i.Start.Format(layout))
		}
		if !strings.Contains(c.rule, "COUNT") && !strings.Contains(c.rule, "UNTIL") {
			got = got[:min(len(want), len(got))] // libical stops somewhere.
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s from %s (-libical +ours):\n%s", c.rule, c.start, diff)
			continue
		}
		same++
	}
	if want := map[string]int{refusedOfLibical[0]: 23, refusedOfLibical[1]: 10}; same != 113 || !cmp.Equal(want, refused) {
		t.Errorf("%d cases are the same, and refused are %v", same, refused)
	}
}
