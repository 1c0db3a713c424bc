package judge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrInput says that a line of input is not what Replay or Backtest reads.
var ErrInput = errors.New("judge: unable to read the counts")

// maxLine bounds one line of input, in bytes.
const maxLine = 1 << 20

// pairExample and singleExample are the lines that error messages show.
const (
	pairExample   = `{"t": 10, "metric": "errors", "bad_canary": 1, "total_canary": 50, "bad_baseline": 9, "total_baseline": 950}`
	singleExample = `{"t": 10, "metric": "errors", "bad": 10, "total": 1000}`
)

// pairLine is one metric of one tick with both arms. The pointers tell a missing
// field from a zero.
type pairLine struct {
	T             *float64 `json:"t"`
	Metric        *string  `json:"metric"`
	BadCanary     *float64 `json:"bad_canary"`
	TotalCanary   *float64 `json:"total_canary"`
	BadBaseline   *float64 `json:"bad_baseline"`
	TotalBaseline *float64 `json:"total_baseline"`
	Weight        *float64 `json:"weight"`
	Step          *int     `json:"step"`
}

// singleLine is one metric of one tick of a single arm.
type singleLine struct {
	T      *float64 `json:"t"`
	Metric *string  `json:"metric"`
	Bad    *float64 `json:"bad"`
	Total  *float64 `json:"total"`
}

// byteOrderMark begins files of some editors and shells; it means nothing.
var byteOrderMark = []byte("\xef\xbb\xbf")

// eachLine calls f with every line that is not blank, and wraps its error with
// the line's number.
func eachLine(r io.Reader, f func(line []byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	number := 0
	for scanner.Scan() {
		number++
		line := scanner.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := f(line); err != nil {
			return &LineError{Line: number, Err: err}
		}
	}
	err := scanner.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return &LineError{Line: number + 1, Err: fmt.Errorf("%w: %w; allowed are lines of at most %d bytes", ErrInput, err, maxLine)}
	}
	if err != nil {
		return fmt.Errorf("judge: the input broke off after line %d: %w", number, err)
	}
	return nil
}

// decode reads one object, strictly: no unknown field and nothing after it.
func decode(line []byte, into any, example string) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.More() {
		err = errors.New("there is something after the object")
	}
	if err != nil {
		return fmt.Errorf("%w: %w; allowed is one JSON object a line, with finite numbers, for example %s",
			ErrInput, plain(err), example)
	}
	return nil
}

// plain says which field has which wrong type, without the names of Go's types.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	what := wrong.Field
	if what == "" {
		what = "the line"
	}
	return fmt.Errorf("%s is a JSON %s that does not fit", what, wrong.Value)
}

// require refuses a line that lacks fields.
func require(example string, fields ...field) error {
	var missing []string
	for _, f := range fields {
		if !f.given {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: there is no %s; a missing count is not a zero, for example %s",
			ErrInput, strings.Join(missing, ", no "), example)
	}
	return nil
}

type field struct {
	name  string
	given bool
}

// parsePair reads one line into a tick of one metric. The weight is that of lines
// that do not say, or nil.
func parsePair(line []byte, weight *float64) (Tick, error) {
	var l pairLine
	if err := decode(line, &l, pairExample); err != nil {
		return Tick{}, err
	}
	err := require(pairExample, field{"t", l.T != nil}, field{"metric", l.Metric != nil},
		field{"bad_canary", l.BadCanary != nil}, field{"total_canary", l.TotalCanary != nil},
		field{"bad_baseline", l.BadBaseline != nil}, field{"total_baseline", l.TotalBaseline != nil})
	if err != nil {
		return Tick{}, err
	}
	tick := Tick{At: *l.T, Weight: UnknownWeight, Counts: []Counts{{
		*l.Metric, *l.BadCanary, *l.TotalCanary, *l.BadBaseline, *l.TotalBaseline,
	}}}
	if l.Weight != nil {
		weight = l.Weight
	}
	if weight != nil {
		if !(*weight >= 0 && *weight <= 100) {
			return Tick{}, fmt.Errorf("%w: weight is %v; allowed is a number from 0 to 100, for example 5", ErrInput, *weight)
		}
		tick.Weight = *weight
	}
	if l.Step != nil {
		tick.Step = *l.Step
	}
	return tick, nil
}

// parseSingle reads one line of a single arm.
func parseSingle(line []byte) (name string, sample Sample, err error) {
	var l singleLine
	if err := decode(line, &l, singleExample); err != nil {
		return "", Sample{}, err
	}
	err = require(singleExample, field{"t", l.T != nil}, field{"metric", l.Metric != nil},
		field{"bad", l.Bad != nil}, field{"total", l.Total != nil})
	if err != nil {
		return "", Sample{}, err
	}
	return *l.Metric, Sample{At: *l.T, Bad: *l.Bad, Total: *l.Total}, nil
}
