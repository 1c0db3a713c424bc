package guides

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy/recommend"
)

// updates reports whether the tables are to be written anew; acctest declares the flag.
func updates() bool { return flag.Lookup("update").Value.String() == "true" }

// service is the one that the guide's tables are of, at so many requests a minute.
func service(perMinute float64) recommend.Service {
	s := recommend.Defaults()
	s.RequestsPerMinute = perMinute
	return s
}

func recommended(t *testing.T, s recommend.Service) recommend.Recommendation {
	t.Helper()
	r, errs := recommend.For(s)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return r
}

func within(d field.Duration) string {
	if d == 0 {
		return "not within a week"
	}
	return d.String()
}

// byTraffic is the table of what the function recommends at a traffic.
func byTraffic(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| requests a minute | recommended | first step | a good version is proved safe within | five times the errors are seen within | the whole rollout takes |\n|---|---|---|---|---|---|\n")
	for _, perMinute := range []float64{6, 60, 600, 6000, 60000} {
		r := recommended(t, service(perMinute))
		first := r.Steps[0]
		fmt.Fprintf(&b, "| %.0f | `%s` | %g %% | %s | %s | %s |\n", perMinute, r.Kind, first.Weight, within(first.SafeAfter), within(first.HarmSeenAfter), field.FormatDuration(r.Takes))
	}
	return b.String()
}

// byHarm is the table of what is recommended when another harm must be seen.
func byHarm(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| must be seen | recommended | first step | it stands at least | seen within |\n|---|---|---|---|---|\n")
	for _, harm := range []float64{2, 5, 20} {
		s := service(6000)
		s.Harm = harm
		r := recommended(t, s)
		first := r.Steps[0]
		fmt.Fprintf(&b, "| %g times the errors | `%s` | %g %% | %s | %s |\n", harm, r.Kind, first.Weight, first.AtLeast, within(first.HarmSeenAfter))
	}
	return b.String()
}

// TestTheTablesOfTheGuideAreWhatTheFunctionSays holds the numbers of the guide.
func TestTheTablesOfTheGuideAreWhatTheFunctionSays(t *testing.T) {
	const name = "choosing-a-strategy"
	text := guide(t, name)
	for table, want := range map[string]string{"by traffic": byTraffic(t), "by harm": byHarm(t)} {
		before, rest, found := strings.Cut(text, "<!-- table "+table+" -->\n")
		got, after, ended := strings.Cut(rest, "<!-- end -->")
		if !found || !ended {
			t.Errorf("the guide has no table %s", table)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" && !updates() {
			t.Errorf("the table %s is not what the function says (-want +got), go test -update writes it:\n%s", table, diff)
		}
		text = before + "<!-- table " + table + " -->\n" + want + "<!-- end -->" + after
	}
	if updates() {
		if err := os.WriteFile(source(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
