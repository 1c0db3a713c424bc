package release_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// A metric store that has news every thirty seconds, where the engine looks every ten
// seconds, is neither without exposure nor a reason to soak three times as long.
func TestALateSignalIsNotOneWithoutExposure(t *testing.T) {
	prompt, late := upgrade(t), upgrade(t)
	late.scrape = 30 * time.Second
	for _, w := range []*world{prompt, late} {
		out, err := w.engine("a", nil).Ship(t.Context(), request(good))
		wantEnd(t, out, err, release.Shipped)
		wantPath(t, w, "preparing", "stepping", "baking", "completing", "succeeded")
	}
	// A step ends with news, so each of the three waits may be a scrape longer.
	if a, b := took(t, prompt), took(t, late); b > a+4*late.scrape {
		t.Errorf("it took %s with news at once and %s with news every %s", a, b, late.scrape)
	}
}

// Harm is seen with the news, and with none of them where the target says that
// the canary is ill.
func TestALateSignalHidesNoHarm(t *testing.T) {
	for name, hurt := range map[string]func(w *world){
		"errors": func(*world) {},
		"illness": func(w *world) {
			w.scrape = time.Hour
			w.onEffect = func(string) {
				if w.machine.State.Weight > 0 {
					w.health[bad.Key()] = target.Unhealthy
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			w.scrape = 30 * time.Second
			hurt(w)
			out, err := w.engine("a", nil).Ship(t.Context(), request(bad))
			var ended *release.EndedError
			if !errors.As(err, &ended) || out.Result != release.WentBack {
				t.Fatalf("result %s, error %v, want that it went back", out.Result, err)
			}
			if d := took(t, w); d > 5*time.Minute {
				t.Errorf("it took %s", d)
			}
		})
	}
}
