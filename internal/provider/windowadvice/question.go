package windowadvice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

const (
	defaultMetric = "errors"
	defaultWeeks  = 4
	maxWeeks      = 12
)

// question is what an author asks.
type question struct {
	TimeZone string `json:"time_zone"`
	CSV      *struct {
		Content *string `json:"content"`
		File    *string `json:"file"`
	} `json:"csv"`
	Signal            map[string]json.RawMessage `json:"signal"`
	Metric            string                     `json:"metric"`
	Weeks             *int                       `json:"weeks"`
	Until             string                     `json:"until"`
	ServiceDefinition *definition.Given          `json:"service_definition"`
	ErrorCeiling      *float64                   `json:"error_ceiling"`
	Strategy          *definition.Given          `json:"strategy"`
	Release           *struct {
		Takes field.Duration `json:"takes"`
		Share float64        `json:"share"`
	} `json:"release"`
	Within     []calendar.Weekly `json:"within"`
	QuietShare *float64          `json:"quiet_share"`
	MinLength  field.Duration    `json:"min_length"`
	MaxWindows *int              `json:"max_windows"`
}

// check says what is wrong with the question by itself.
func (q question) check() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case (q.CSV == nil) == (q.Signal == nil):
		add("csv", "exactly one of csv and signal must be given, for example csv = { file = \"${path.module}/traffic.csv\" }")
	case q.CSV != nil && (q.CSV.Content == nil) == (q.CSV.File == nil):
		add("csv", "exactly one of content and file must be given, for example file = \"${path.module}/traffic.csv\"")
	case q.Signal != nil && len(q.Signal) != 1:
		add("signal", "exactly one driver must be given, and %d are, for example prometheus = { url = \"http://prometheus.internal:9090\", ... }", len(q.Signal))
	}
	if q.CSV != nil {
		for name, set := range map[string]bool{"metric": q.Metric != "", "weeks": q.Weeks != nil, "until": q.Until != ""} {
			if set {
				add(name, "it is about a signal, and a CSV is read as a whole; leave it out, or give signal = { prometheus = { ... } }")
			}
		}
	}
	if q.Weeks != nil && (*q.Weeks < 1 || *q.Weeks > maxWeeks) {
		add("weeks", "%d is not a number of weeks; it must be from 1 to %d, for example 4", *q.Weeks, maxWeeks)
	}
	if _, err := q.until(time.Time{}); err != nil {
		add("until", "%s", err)
	}
	if q.ServiceDefinition != nil && q.ErrorCeiling != nil {
		add("error_ceiling", "the service has an objective of its own; give only one of error_ceiling and service_definition, for example error_ceiling = \"1%%\"")
	}
	if q.Strategy != nil && q.Release != nil {
		add("release", "the strategy says it already; give only one of strategy and release, for example release = { takes = \"45m\", share = \"10%%\" }")
	}
	if c := q.ErrorCeiling; c != nil && *c == 0 {
		add("error_ceiling", "0 %% leaves no budget to count; it must be above 0 %% and below 100 %%, for example \"1%%\"")
	}
	if s := q.QuietShare; s != nil && *s == 0 {
		add("quiet_share", "0 %% makes only hours without any request quiet; it must be above 0 %% and at most 100 %%, for example \"50%%\"")
	}
	if m := q.MaxWindows; m != nil && *m == 0 {
		add("max_windows", "0 is not a number of windows; it must be from 1 to %d, for example 3", advice.MostWindows)
	}
	return append(errs, renamed(q.options().Validate())...)
}

// renamed puts what the domain calls otherwise under the attribute's name.
func renamed(errs field.Errors) field.Errors {
	for i := range errs {
		if errs[i].Path == "objective" {
			errs[i].Path = "error_ceiling"
		}
	}
	return errs
}

// options are those that need nobody to be asked.
func (q question) options() advice.Options {
	o := advice.Options{Zone: q.TimeZone, Within: q.Within, MinLength: q.MinLength.Std()}
	if q.ErrorCeiling != nil {
		o.Ceiling = *q.ErrorCeiling
	}
	if q.QuietShare != nil {
		o.QuietShare = *q.QuietShare
	}
	if q.MaxWindows != nil {
		o.MaxWindows = *q.MaxWindows
	}
	if q.Release != nil {
		o.Release = advice.Exposure{{Share: q.Release.Share, Time: q.Release.Takes.Std()}}
	}
	return o
}

func (q question) until(now time.Time) (time.Time, error) {
	if q.Until == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, q.Until)
	if err != nil || at.Year() < 1970 || at.Year() > 2199 {
		return now, fmt.Errorf("%q is not an instant; it must be RFC 3339 with an offset, in the years 1970 to 2199, for example \"2026-11-23T00:00:00Z\"", q.Until)
	}
	return at, nil
}

// byName reports whether the ledger must be asked.
func (q question) byName() bool {
	return q.ServiceDefinition.ByName() || q.Strategy.ByName()
}

// resolve adds what other objects say. The ledger is nil unless byName.
func (q question) resolve(ctx context.Context, l ledger.Ledger) (advice.Options, field.Errors, error) {
	o := q.options()
	if q.ServiceDefinition != nil {
		var s release.Service
		if errs, err := q.ServiceDefinition.Decode(ctx, l, "service_definition", release.ServiceKind, "service", &s); err != nil || len(errs) > 0 {
			return o, errs, err
		}
		if s.Objectives == nil || s.Objectives.ErrorCeiling == nil {
			return o, field.Errors{{Path: "service_definition", Msg: fmt.Sprintf("the service %q has no error objective; declare one, for example objectives = { error_ceiling = \"1%%\" }, or leave it out here", s.Name)}}, nil
		}
		o.Ceiling = *s.Objectives.ErrorCeiling
	}
	if q.Strategy != nil {
		var d strategy.Definition
		if errs, err := q.Strategy.Decode(ctx, l, "strategy", "deployment_strategy", "deployment_strategy", &d); err != nil || len(errs) > 0 {
			return o, errs, err
		}
		if o.Release = advice.ExposureOf(d); len(o.Release) == 0 {
			return o, field.Errors{{Path: "strategy", Msg: fmt.Sprintf("the strategy %q plans no time, neither for its steps nor for a bake, so nothing says how long a release takes; give it in short, for example release = { takes = \"15m\", share = \"100%%\" }", d.Name)}}, nil
		}
	}
	return o, o.Validate(), nil
}

// series reads the CSV.
func (q question) series() (advice.Series, field.Errors) {
	path := "csv.content"
	var s advice.Series
	var err error
	if q.CSV.Content != nil {
		s, err = advice.ReadCSV(bytes.NewReader([]byte(*q.CSV.Content)))
	} else {
		path = "csv.file"
		var f *os.File
		if f, err = os.Open(*q.CSV.File); err != nil {
			var of *os.PathError
			if errors.As(err, &of) {
				err = of.Err
			}
			return s, field.Errors{{Path: path, Msg: fmt.Sprintf("the file %q cannot be read: %v; give one that is there when Terraform plans, for example \"${path.module}/traffic.csv\"", *q.CSV.File, err)}}
		}
		defer f.Close() //nolint:errcheck // Nothing was written.
		s, err = advice.ReadCSV(f)
	}
	if err != nil {
		return s, field.Errors{{Path: path, Msg: err.Error()}}
	}
	return s, nil
}
