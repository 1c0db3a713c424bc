package signal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

type counted struct {
	name string
	slow bool
}

func (c counted) called() string { return c.name }

var have = []counted{{"errors", false}, {"slow", true}}

func pick(asked ...signal.Query) ([]string, error) {
	return signal.Pick(asked, func(name string) (counted, error) { return signal.Find(have, name, counted.called) }, func(c counted) bool { return c.slow },
		func(c counted, d time.Duration) string { return c.name + " " + d.String() })
}

func TestQueriesArePickedInTheirOrder(t *testing.T) {
	got, err := pick(signal.Query{Metric: "slow", SlowerThan: time.Second}, signal.Query{Metric: "errors"})
	if err != nil || !slices.Equal(got, []string{"slow 1s", "errors 0s"}) {
		t.Errorf("%q, %v", got, err)
	}
	if names := signal.Names(have, counted.called); !slices.Equal(names, []string{"errors", "slow"}) {
		t.Errorf("%q", names)
	}
}

func TestQueriesThatNoSourceAnswers(t *testing.T) {
	for want, asked := range map[string][]signal.Query{
		`no metric "saturation"; it has errors, slow`:                 {{Metric: "saturation"}},
		`"errors" is asked for twice`:                                 {{Metric: "errors"}, {Metric: "errors"}},
		`"slow" is a latency and needs a threshold`:                   {{Metric: "slow"}},
		`"errors" counts errors and takes no threshold; 1s was given`: {{Metric: "errors", SlowerThan: time.Second}},
	} {
		if got, err := pick(asked...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q, %v; want %s", got, err, want)
		}
	}
}
