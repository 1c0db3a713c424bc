package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// words writes an identifier for people: "rolled back".
func words[T ~string](s T) string { return strings.ReplaceAll(string(s), "_", " ") }

// label names a payload, or says that there is none.
func label(p *artifact.Payload) string { return operator.Label(p) }

// instant writes a time to the second, in UTC.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// hour writes the time of day.
func hour(t time.Time) string { return t.UTC().Format("15:04:05Z") }

// span writes a duration in at most two units: "38s", "1m 04s", "2m", "3h 05m".
func span(d time.Duration) string {
	d = max(d.Round(time.Second), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return pair(d, time.Minute, time.Second, "m", "s")
	case d < 48*time.Hour:
		return pair(d, time.Hour, time.Minute, "h", "m")
	default:
		return pair(d, 24*time.Hour, time.Hour, "d", "h")
	}
}

func pair(d, big, small time.Duration, bigUnit, smallUnit string) string {
	rest := d % big / small
	if rest == 0 {
		return fmt.Sprintf("%d%s", d/big, bigUnit)
	}
	return fmt.Sprintf("%d%s %02d%s", d/big, bigUnit, rest, smallUnit)
}

// about writes what is only an estimate: "~40 s", "~11 min", "~3 h".
func about(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("~%d s", int(math.Ceil(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("~%d min", int(math.Ceil(d.Minutes())))
	default:
		return fmt.Sprintf("~%d h", int(math.Ceil(d.Hours())))
	}
}

// percent writes a share of traffic.
func percent(weight float64) string { return operator.Percent(weight) }

// number writes a count with a comma every three digits.
func number(n float64) string {
	whole := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole
}

// share writes how much of total is bad, as a rate.
func share(bad, total float64) string {
	if total == 0 {
		return "no data"
	}
	return fmt.Sprintf("%.3g %%", 100*bad/total)
}

// evidence writes an e-value: odds that may be astronomic.
func evidence(e float64) string {
	switch {
	case e >= 1e6:
		return strings.NewReplacer("e+0", "e", "e+", "e").Replace(fmt.Sprintf("%.0e", e))
	case e >= 100:
		return number(e)
	default:
		return fmt.Sprintf("%.2g", e)
	}
}

// plural writes "1 record", "2 records".
func plural(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(float64(n)) + " " + one + "s"
}

// fromTo names what a rollout moves between.
func fromTo(r *release.Rollout) string {
	return label(r.Baseline) + " -> " + r.Spec.Payload.Label()
}

// clipped shortens s to n characters.
func clipped(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:max(n-3, 0)]) + "..."
}

// ago says how long past something is.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return span(d) + " ago"
}

// seconds makes a duration of a number.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
