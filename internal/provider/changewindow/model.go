package changewindow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes change windows.
func Object() declared.Object {
	return declared.Object{
		Type: "change_window", Noun: "change window", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(check, nil), Resolve: resolve,
	}
}

func check(w calendar.Window) field.Errors { return errorsOf(w, false) }

// errorsOf says what is wrong with a window. A partial one gets its times later.
func errorsOf(w calendar.Window, partial bool) field.Errors {
	if partial && len(w.Absolute)+len(w.Weekly)+len(w.Recurrence)+len(w.Events) == 0 {
		w.Absolute = []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-01-01"}}
	}
	var errs field.Errors
	if len(w.Absolute)+len(w.Weekly)+len(w.Recurrence)+len(w.Events) == 0 {
		// The calendar does not know of files.
		errs = append(errs, field.Error{Msg: `the window never opens; give at least one of absolute, weekly, recurrence, events and ics, for example weekly = [{ days = ["mon"], from = "09:00", to = "17:00" }]`})
	}
	if strings.HasPrefix(w.Name, dependency.WindowName("")) {
		errs = append(errs, field.Error{Path: "name", Msg: fmt.Sprintf("names that begin with %q are those of the maintenance of external dependencies; choose another, for example %q",
			dependency.WindowName(""), strings.TrimPrefix(w.Name, dependency.WindowName(""))+"-freeze")})
	}
	for _, e := range w.Validate() {
		if e.Path == "" && len(errs) > 0 {
			continue
		}
		errs = append(errs, field.Error{Path: e.Path, Msg: e.Msg})
	}
	// The calendar takes any name; a tier that no environment can have would match nothing.
	for i, tier := range w.Scope.Tiers {
		if tier != "" && !slices.Contains(release.Tiers(), tier) {
			errs = append(errs, field.Error{Path: fmt.Sprintf("scope.tiers[%d]", i), Msg: fmt.Sprintf("%q is not a tier; it must be development, test, staging or production, for example \"production\"", tier)})
		}
	}
	return errs
}
