package client

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
)

// Until is the instant by which a run that begins now must have returned, by the
// environment; zero for no limit. wrong says what is wrong with it, what is allowed
// and an example.
func Until(w World) (until time.Time, wrong string) {
	text := ""
	if w.Getenv != nil {
		text = w.Getenv(operator.WaitAtMostEnv)
	}
	if text == "" {
		return time.Time{}, ""
	}
	d, wrong := field.ParseDuration(text, false)
	if wrong != "" {
		return time.Time{}, wrong
	}
	return w.Clock.Now().Add(d), ""
}
