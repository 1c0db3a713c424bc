package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// stop is one environment on the way.
type stop struct {
	environment, strategy string
	soak                  time.Duration
	// release is set for that of the argument, which must have been released before.
	release release.Key
}

// stopsOf reads the argument, a release or a service, and --through. The environment of
// a release is the last one, unless --through says where it comes.
func stopsOf(name string, through []string) (string, []stop, error) {
	var key release.Key
	service := name
	if strings.Contains(name, "/") {
		var err error
		if key, err = parseRelease(name); err != nil {
			return "", nil, err
		}
		service = key.Service
	} else if msg := field.Name(name); msg != "" {
		return "", nil, badInput("RELEASE: %s", msg)
	}
	var stops []stop
	named := func(environment string) bool {
		return slices.ContainsFunc(stops, func(o stop) bool { return o.environment == environment })
	}
	for _, text := range through {
		s, err := stopOf(text)
		if err != nil {
			return "", nil, err
		}
		if named(s.environment) {
			return "", nil, badInput("--through: %q is there already; allowed is each environment once", s.environment)
		}
		stops = append(stops, s)
	}
	switch {
	case key != (release.Key{}) && !named(key.Environment):
		stops = append(stops, stop{environment: key.Environment, release: key})
	case len(stops) == 0:
		return "", nil, badInput("--through is missing, since %q is a service and no release; for example: %s, or: sluice timeline %s/production", name, timelineExample, name)
	}
	return service, stops, nil
}

func stopOf(text string) (stop, error) {
	parts := strings.Split(text, ",")
	s := stop{environment: parts[0]}
	if msg := field.Name(s.environment); msg != "" {
		return s, badInput("--through: %s", msg)
	}
	for _, part := range parts[1:] {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case ok && name == "strategy" && value != "":
			s.strategy = value
		case ok && name == "soak":
			soak, problem := field.ParseDuration(value, true)
			if problem != "" {
				return s, badInput("--through: soak: %s", problem)
			}
			s.soak = soak
		default:
			return s, badInput("--through %q: %q is neither strategy=NAME nor soak=TIME, for example staging,strategy=careful,soak=24h", text, part)
		}
	}
	return s, nil
}
