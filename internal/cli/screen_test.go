package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// drawing is how a screen is taken away before the next one.
var drawing = regexp.MustCompile(`\x1b\[\d+A\x1b\[J`)

// TestWatchDrawsAScreen: what a person sees on a terminal of 80 columns, one screen
// after the other.
func TestWatchDrawsAScreen(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 5)
	w.held("ci@acme 4711")
	var out bytes.Buffer
	a := w.app()
	a.stdout = &out
	watch := watcher{app: a, follower: follower{ledger: w.open(), key: key}, drawn: true, number: 2}
	events, err := watch.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := watch.show(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		events = nil
	}
	golden(t, "screen.txt", drawing.ReplaceAllString(out.String(), "~\n"))
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > defaultWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
