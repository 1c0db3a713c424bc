package main

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	tens := []float64{100, 10, 90, 20, 80, 30, 70, 40, 60, 50}
	for name, test := range map[string]struct {
		values []float64
		q      float64
		want   float64
	}{
		"the median of an odd number": {[]float64{3, 1, 2}, 0.5, 2},
		"the median of an even one":   {tens, 0.5, 50},
		"95 of 100":                   {tens, 0.95, 100},
		"90 of 100":                   {tens, 0.9, 90},
		"the least":                   {tens, 0, 10},
		"the greatest":                {tens, 1, 100},
		"one alone":                   {[]float64{7}, 0.95, 7},
	} {
		t.Run(name, func(t *testing.T) {
			if got := quantile(test.values, test.q); got != test.want {
				t.Errorf("quantile(%v, %v) = %v, want %v", test.values, test.q, got, test.want)
			}
		})
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v, want NaN, so that it is never a figure that is met", got)
	}
	if tens[0] != 100 {
		t.Error("quantile sorted its argument, which breaks the pairs of ratios")
	}
}

func TestRatiosDivideWhatWasMeasuredTogether(t *testing.T) {
	got := ratios([]float64{10, 30, 99}, []float64{5, 10})
	if diff := cmp.Diff([]float64{2, 3}, got); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
}

func TestFieldOfReadsSizes(t *testing.T) {
	status := []byte("Name:\tprovider\nVmPeak:\t  999 kB\nVmHWM:\t   18100 kB\nThreads:\t4\n")
	if got, err := fieldOf(status, "VmHWM:"); err != nil || got != 18100*1024 {
		t.Errorf("VmHWM is %v, %v; want %d", got, err, 18100*1024)
	}
	for name, field := range map[string]string{"a field that is not there": "VmSwap:", "a field without a unit": "Threads:"} {
		t.Run(name, func(t *testing.T) {
			if got, err := fieldOf(status, field); err == nil {
				t.Errorf("fieldOf(%s) = %v without an error; what is not known is no figure", field, got)
			}
		})
	}
}

func TestTickLagsAreThoseBetweenTwoLooksOfOneStep(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	record := func(kind string, second int) ledger.Record {
		var r ledger.Record
		r.Kind, r.At = kind, at.Add(time.Duration(second)*time.Second)
		return r
	}
	got := tickLags([]ledger.Record{
		record(release.KindTick, 0), record(release.KindTick, 33), record(release.KindTick, 60), // 3 late, and early.
		record(release.KindOpened, 61), record(release.KindTick, 200), record(release.KindTick, 231),
	}, 30*time.Second)
	if diff := cmp.Diff([]float64{3, 0, 1}, got); diff != "" {
		t.Errorf("lags (-want +got):\n%s", diff)
	}
}
