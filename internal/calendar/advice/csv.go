package advice

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxCSV bounds a file, in bytes.
const MaxCSV = 32 << 20

// csvHelp shows what a file looks like.
const csvHelp = `the first line names the columns time, requests and, if it is counted, errors, and each line behind it is one interval, for example "2026-11-02T00:00:00Z,1204,3"`

// ReadCSV reads a series from a file with a header. Times are RFC 3339 with an
// offset, in order, and say where the interval of a line begins; the interval is the
// least time between two lines. An interval of which nothing is known is left out.
// The error is a *SeriesError that names the line, unless reading itself failed.
func ReadCSV(from io.Reader) (Series, error) {
	limited := &io.LimitedReader{R: from, N: MaxCSV + 1}
	r := csv.NewReader(limited)
	r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = -1, true, true
	columns, err := header(r)
	if err != nil {
		return Series{}, err
	}
	s := Series{Errors: columns["errors"] >= 0}
	var lines []int
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) && limited.N > 0 {
			break
		}
		if limited.N <= 0 || len(s.Points) >= MaxPoints {
			return Series{}, &SeriesError{Msg: fmt.Sprintf("the file is larger than %d MiB or has more than %d lines; give a longer interval, for example an hour", MaxCSV>>20, MaxPoints)}
		}
		if err != nil {
			return Series{}, malformed(err)
		}
		line, _ := r.FieldPos(0)
		p, err := point(record, columns)
		if err == nil && len(lines) > 0 {
			err = follows(s.Points[len(s.Points)-1], p, lines[len(lines)-1])
		}
		if err != nil {
			return Series{}, &SeriesError{Place: fmt.Sprintf("line %d", line), Msg: err.Error()}
		}
		s.Points, lines = append(s.Points, p), append(lines, line)
	}
	return s, s.grid(lines)
}

// malformed puts the line before what the reader of the format says.
func malformed(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &SeriesError{Place: fmt.Sprintf("line %d", parse.Line), Msg: fmt.Sprintf("it is no CSV (%v); %s", parse.Err, csvHelp)}
	}
	return err
}

// header reads the first line: the place of each column, -1 for none.
func header(r *csv.Reader) (map[string]int, error) {
	names, err := r.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &SeriesError{Msg: "the file is empty; " + csvHelp}
	case err != nil:
		return nil, malformed(err)
	}
	columns := map[string]int{"time": -1, "requests": -1, "errors": -1}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		place, known := columns[name]
		if !known || place >= 0 {
			return nil, &SeriesError{Place: "line 1", Msg: fmt.Sprintf("%q is no column, or is there twice; %s", name, csvHelp)}
		}
		columns[name] = i
	}
	for _, name := range []string{"time", "requests"} {
		if columns[name] < 0 {
			return nil, &SeriesError{Place: "line 1", Msg: fmt.Sprintf("the column %s is missing; %s", name, csvHelp)}
		}
	}
	return columns, nil
}

// point reads one line.
func point(record []string, columns map[string]int) (Point, error) {
	wanted := 2
	if columns["errors"] >= 0 {
		wanted = 3
	}
	if len(record) != wanted {
		return Point{}, fmt.Errorf("it has %d fields and the header %d; %s", len(record), wanted, csvHelp)
	}
	var p Point
	text := strings.TrimSpace(record[columns["time"]])
	if err := p.Start.UnmarshalText([]byte(text)); err != nil || p.Start.Year() < 1970 || p.Start.Year() > 2199 {
		return Point{}, fmt.Errorf("%q is no time; it must be RFC 3339 with an offset, in the years 1970 to 2199, for example \"2026-11-02T00:00:00Z\"", text)
	}
	var err error
	if p.Requests, err = count("requests", record[columns["requests"]]); err != nil {
		return Point{}, err
	}
	if columns["errors"] < 0 {
		return p, nil
	}
	if p.Errors, err = count("errors", record[columns["errors"]]); err != nil {
		return Point{}, err
	}
	if p.Errors > p.Requests {
		return Point{}, fmt.Errorf("%v errors among %v requests do not add up; errors are those of the requests that failed", p.Errors, p.Requests)
	}
	return p, nil
}

func count(column, text string) (float64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case text == "":
		return 0, fmt.Errorf("%s is empty; leave out the line of an interval of which nothing is known, since unknown is not 0", column)
	case err != nil || math.IsNaN(n) || math.IsInf(n, 0):
		return 0, fmt.Errorf("%s is %q, which is no number; it counts the events of the interval, for example 1204", column, text)
	case n < 0:
		return 0, fmt.Errorf("%s is %s, which is negative; it counts the events of the interval, for example 1204; give the increase of a counter and not its value", column, text)
	}
	return n, nil
}

// follows says what is wrong with the order of two lines.
func follows(before, p Point, line int) error {
	switch {
	case p.Start.Equal(before.Start):
		return fmt.Errorf("%s is there already, in line %d; allowed is each interval once, so add up what several sources counted", p.Start.Format(time.RFC3339), line)
	case p.Start.Before(before.Start):
		return fmt.Errorf("%s lies before the time of line %d, %s; sort the lines by time, oldest first", p.Start.Format(time.RFC3339), line, before.Start.Format(time.RFC3339))
	}
	return nil
}

// grid finds the interval, and that every point lies on it.
func (s *Series) grid(lines []int) error {
	if len(s.Points) < 2 {
		return s.long(time.UTC)
	}
	var steps []time.Duration
	for i := 1; i < len(s.Points); i++ {
		steps = append(steps, s.Points[i].Start.Sub(s.Points[i-1].Start))
	}
	s.Interval = slices.Min(steps)
	if s.Interval < time.Minute || s.Interval > time.Hour || time.Hour%s.Interval != 0 {
		return &SeriesError{Msg: fmt.Sprintf("the least time between two lines is %s; the interval must be a part of an hour, from a minute to an hour, for example 5 minutes or 1 hour", days(s.Interval))}
	}
	for i, step := range steps {
		if step%s.Interval != 0 {
			return &SeriesError{Place: fmt.Sprintf("line %d", lines[i+1]), Msg: fmt.Sprintf("it begins %s behind the line before it, which is no multiple of the interval of %s; lines must lie on one grid", days(step), days(s.Interval))}
		}
	}
	return nil
}
