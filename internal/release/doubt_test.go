package release_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// What a target could not tell is a warning of the plan and keeps no rollout from
// beginning; what it could tell stops it.
func TestADoubtIsSaidAndStopsNothing(t *testing.T) {
	w := newWorld(t)
	w.serve(t, old)
	doubt := target.Obstacle{What: "could not ask", Remedy: "look yourself", Doubt: true}
	w.obstacles = []target.Obstacle{doubt, {What: "no room"}}
	e := w.engine("ci", nil)
	f, err := e.Forecast(t.Context(), worldSpec(good))
	if err != nil || len(f.Obstacles) != 1 || f.Obstacles[0].What != "no room" || !slices.Contains(f.Warnings, "could not ask; look yourself") {
		t.Errorf("%+v, %q, %v", f.Obstacles, f.Warnings, err)
	}
	var stopped *release.ObstructedError
	if _, err := e.Ship(t.Context(), request(good)); !errors.As(err, &stopped) || strings.Contains(err.Error(), "could not ask") {
		t.Errorf("what is surely in the way: %v", err)
	}
	w.obstacles = []target.Obstacle{doubt}
	if out, err := e.Ship(t.Context(), request(good)); err != nil || out.Result != release.Shipped {
		t.Errorf("a doubt: %s, %v", out.Result, err)
	}
}
