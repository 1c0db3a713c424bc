package changewindow

import (
	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
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
	return errs
}
