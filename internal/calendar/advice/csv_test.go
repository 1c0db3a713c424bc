package advice_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
)

func TestReadCSV(t *testing.T) {
	// Columns in any order, a byte order mark, two offsets, and a gap.
	got, err := advice.ReadCSV(strings.NewReader("\ufeffRequests,time,errors\r\n" +
		"10,2026-10-25T00:00:00+02:00,1\r\n 20 , 2026-10-24T23:00:00Z ,0\r\n30.5,2026-10-25T02:00:00Z,2.5\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour, minute int) time.Time { return time.Date(2026, 10, 25, hour, minute, 0, 0, time.UTC) }
	want := []advice.Point{{Start: at(-2, 0), Requests: 10, Errors: 1}, {Start: at(-1, 0), Requests: 20}, {Start: at(2, 0), Requests: 30.5, Errors: 2.5}}
	for i := range got.Points {
		got.Points[i].Start = got.Points[i].Start.UTC()
	}
	if diff := cmp.Diff(want, got.Points); diff != "" || !got.Errors {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadCSVFindsTheInterval(t *testing.T) {
	got, err := advice.ReadCSV(strings.NewReader("time,requests\n2026-06-01T00:00:00Z,1\n2026-06-01T02:00:00Z,1\n2026-06-01T02:15:00Z,1\n2026-06-01T05:00:00Z,1\n"))
	if err != nil || got.Interval != 15*time.Minute || got.Errors || !got.To().Equal(time.Date(2026, 6, 1, 5, 15, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadCSVRefuses(t *testing.T) {
	const head = "time,requests,errors\n"
	const first = "2026-06-01T00:00:00Z,10,1\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":               {"", "the file is empty; the first line names the columns"},
		"no header":             {first, `line 1: "2026-06-01t00:00:00z" is no column`},
		"an unknown column":     {"time,requests,latency\n", `line 1: "latency" is no column`},
		"a column twice":        {"time,requests,time\n", `line 1: "time" is no column, or is there twice`},
		"no requests":           {"time,errors\n", "line 1: the column requests is missing"},
		"a header alone":        {head, "there is no data at all"},
		"one line":              {head + first, "there are 0 minutes of data"},
		"too few fields":        {head + first + "2026-06-01T01:00:00Z,10\n", "line 3: it has 2 fields and the header 3"},
		"a stray quote":         {head + first + "2026-06-01T01:00:00Z,\"10,1\n", "line 3: it is no CSV"},
		"no time":               {head + "yesterday,10,1\n", `line 2: "yesterday" is no time; it must be RFC 3339`},
		"a time without offset": {head + "2026-06-01T00:00:00,10,1\n", `line 2: "2026-06-01T00:00:00" is no time`},
		"another century":       {head + "1026-06-01T00:00:00Z,10,1\n", "in the years 1970 to 2199"},
		"no number":             {head + "2026-06-01T00:00:00Z,many,1\n", `line 2: requests is "many", which is no number`},
		"not a number":          {head + "2026-06-01T00:00:00Z,NaN,1\n", `line 2: requests is "NaN"`},
		"infinite":              {head + "2026-06-01T00:00:00Z,1,Inf\n", `line 2: errors is "Inf"`},
		"empty":                 {head + "2026-06-01T00:00:00Z,,1\n", "line 2: requests is empty; leave out the line"},
		"negative":              {head + first + "2026-06-01T01:00:00Z,-4,0\n", "line 3: requests is -4, which is negative"},
		"more errors":           {head + "2026-06-01T00:00:00Z,1,2\n", "line 2: 2 errors among 1 requests do not add up"},
		"twice":                 {head + first + first, "line 3: 2026-06-01T00:00:00Z is there already, in line 2"},
		"twice in two offsets":  {head + first + "2026-06-01T02:00:00+02:00,1,0\n", "line 3: 2026-06-01T02:00:00+02:00 is there already, in line 2"},
		"out of order":          {head + first + "2026-05-31T00:00:00Z,1,0\n", "line 3: 2026-05-31T00:00:00Z lies before the time of line 2"},
		"seconds":               {head + first + "2026-06-01T00:00:10Z,1,0\n", "the interval must be a part of an hour"},
		"days":                  {head + first + "2026-06-02T00:00:00Z,1,0\n", "the least time between two lines is 1 day"},
		"no part of an hour":    {head + first + "2026-06-01T00:07:00Z,1,0\n", "the least time between two lines is 7 minutes"},
		"off the grid":          {head + first + "2026-06-01T00:30:00Z,1,0\n2026-06-01T01:40:00Z,1,0\n", "line 4: it begins 1 hour 10 minutes behind the line before it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := advice.ReadCSV(strings.NewReader(c.text))
			var wrong *advice.SeriesError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
	away := errors.New("disk on fire")
	if _, err := advice.ReadCSV(iotest.ErrReader(away)); !errors.Is(err, away) {
		t.Errorf("%v; want %v", err, away)
	}
}

// A file without end is refused, and not read to its end.
func TestReadCSVIsBounded(t *testing.T) {
	endless := iotest.TimeoutReader(&repeat{text: "2026-06-01T00:00:00Z,1\n", head: "time,requests\n"})
	if _, err := advice.ReadCSV(endless); err == nil {
		t.Error("an endless file is read")
	}
}

type repeat struct{ head, text string }

func (r *repeat) Read(p []byte) (int, error) {
	if r.head != "" {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	return copy(p, r.text), nil
}
