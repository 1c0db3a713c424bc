package prometheus_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// TestKept says for which time a store vouches in which nobody asked: primed at second
// 10, asked again at second 130, in blocks of 30 seconds.
func TestKept(t *testing.T) {
	b, c := base("instance=b,arm=baseline,code=200"), base("instance=c,arm=canary,code=200")
	every := "10:1 20:2 30:3 40:4 50:5 60:6 70:7 80:8 90:9 100:10 110:11 120:12 130:13"
	span := func(from, to int) signal.Span {
		return signal.Span{Start: epoch.Add(time.Duration(from) * time.Second), End: epoch.Add(time.Duration(to) * time.Second)}
	}
	all := []signal.Span{span(10, 40), span(40, 70), span(70, 100), span(100, 130)}
	for name, tc := range map[string]struct {
		then []row
		want []signal.Span
	}{
		"both arms all the time":    {[]row{{b, every}, {c, every}}, all},
		"an arm that has a gap":     {[]row{{b, every}, {c, "10:1 20:2 30:3 110:11 120:12 130:13"}}, nil},
		"an idle baseline":          {[]row{{b, "10:1 40:1 70:1 100:1 130:1"}, {c, every}}, all},
		"nobody on the new one":     {[]row{{b, every}, {c, "10:1 40:1 70:1 100:1 130:1"}}, nil},
		"the new one rests a while": {[]row{{b, every}, {c, "10:1 20:2 40:4 70:4 100:4 110:5 130:6"}}, []signal.Span{all[0], all[3]}},
		"a process takes over":      {[]row{{b, every}, {c, "10:1 20:2 40:3"}, {base("instance=d,arm=canary,code=200"), "50:1 60:2 70:3 80:4 90:5 100:6 130:9"}}, all},
		"an arm that is gone":       {[]row{{b, every}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := &told{rows: []row{{b, "10:1"}, {c, "10:1"}}}
			url, _ := fake(t, f.serve)
			config := simple(url)
			config.StaleAfter = "45s"
			source := openSource(t, config)
			if keeper, ok := source.(signal.Keeper); !ok || keeper.KeepsFor() < time.Minute {
				t.Fatal("it does not say that it keeps anything")
			}
			first, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: epoch.Add(10 * time.Second)})
			if err != nil {
				t.Fatal(err)
			}
			f.rows = tc.then
			req := signal.Request{Queries: errorsQuery, Until: epoch.Add(130 * time.Second), Cursor: first.Cursor, Block: 30 * time.Second}
			got, err := source.Counts(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Kept); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			req.Block = 0
			if got, err = source.Counts(t.Context(), req); err != nil || got.Kept != nil {
				t.Errorf("not asked for: %v, %v", got.Kept, err)
			}
		})
	}
}
