package changewindow

import (
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes change windows.
func Object() declared.Object {
	return declared.Object{
		Type: "change_window", Noun: "change window", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(check, nil),
	}
}

func check(w calendar.Window) field.Errors {
	var errs field.Errors
	for _, e := range w.Validate() {
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
