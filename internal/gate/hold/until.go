package hold

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// ParseUntil reads the end of a hold: an instant in RFC 3339, or a duration from now
// on. An empty text is no end, the zero time.
func ParseUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	d, problem := field.ParseDuration(text, false)
	if problem != "" {
		return time.Time{}, fmt.Errorf("%q is no time and no duration; allowed are a time with its zone, for example 2026-12-01T08:00:00Z, or a duration from now on, for example 2h", text)
	}
	return now.Add(d), nil
}
