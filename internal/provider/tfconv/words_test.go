package tfconv

import "testing"

func TestChoicesAndArticlesAreWrittenForPeople(t *testing.T) {
	for want, got := range map[string]string{
		"":                  OneOf(nil),
		"`a`":               OneOf([]string{"a"}),
		"`a` or `b`":        OneOf([]string{"a", "b"}),
		"`a`, `b` or `c`":   OneOf([]string{"a", "b", "c"}),
		"an environment":    A("environment"),
		"a rollback policy": A("rollback policy"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
