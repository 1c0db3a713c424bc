package main

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiguresArePrintedAsNameValueUnit(t *testing.T) {
	var out, log bytes.Buffer
	r := newReport(&out, &log)
	r.add("judge_decisions", 12345.6, "per_s")
	r.want("plan_ratio", 2.81149, "x", atMost(3))
	r.want("append_ratio", 0.65552, "x", atLeast(0.8))
	r.want("unknown", math.NaN(), "s", atMost(1))
	r.want("calls", 5, "calls", atMost(5))
	want := "judge_decisions 12346 per_s\nplan_ratio 2.811 x\nappend_ratio 0.6555 x\nunknown NaN s\ncalls 5 calls\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("standard output (-want +got):\n%s", diff)
	}
	r.summary()
	verdicts := map[string]string{}
	for line := range strings.Lines(log.String()) {
		if words := strings.Fields(line); len(words) == 6 && strings.HasSuffix(words[3], "=") {
			verdicts[words[0]] = words[5]
		}
	}
	expected := map[string]string{"plan_ratio": "met", "append_ratio": "MISSED", "unknown": "MISSED", "calls": "met"}
	if diff := cmp.Diff(expected, verdicts); diff != "" {
		t.Errorf("the summary (-want +got):\n%s\n%s", diff, log.String())
	}
	if !strings.Contains(log.String(), "2 of 4 wanted figures met") {
		t.Errorf("the summary counts wrongly:\n%s", log.String())
	}
}

func TestNumberKeepsFourDigits(t *testing.T) {
	for want, v := range map[string]float64{
		"0": 0, "3": 3, "0.8534": 0.853412, "2.811": 2.81149, "39.78": 39.7812, "744.4": 744.41, "28799138": 28799138, "1234568": 1234567.8,
		"-1.500": -1.5, "+Inf": math.Inf(1),
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestChooseNamesWhatThereIs(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) != len(sections()) {
		t.Errorf("without a list %d sections are chosen, %v; want all %d", len(all), err, len(sections()))
	}
	some, err := choose("reaction,ledger")
	if err != nil || len(some) != 2 || some[0].name != "reaction" || some[1].name != "ledger" {
		t.Errorf("chosen: %v, %v", some, err)
	}
	if _, err := choose("ledgers"); err == nil || !strings.Contains(err.Error(), "start, ledger, ledger-postgres") {
		t.Errorf("the error for an unknown section does not list what there is: %v", err)
	}
}
