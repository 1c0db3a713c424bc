package externaldependency

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/changewindow"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Object describes external dependencies. Nothing guards one from being deleted:
// Terraform deletes it before it changes the services that name it no longer, so a
// refusal would stand in the way of its own remedy. Whoever still names it is blocked.
func Object() declared.Object {
	return declared.Object{
		Type: dependency.ObjectKind, Noun: "external dependency", Description: description, Attributes: attributes,
		Canonical: declared.Canonical(func(e dependency.External) field.Errors { return e.Validate() }, nil),
		Resolve:   resolve, Written: written, Left: left,
	}
}

// maintenanceAttr is the attribute that has the times of a window.
const maintenanceAttr = "maintenance"

// resolve replaces the calendar that an author imports by its events.
func resolve(raw json.RawMessage) (json.RawMessage, field.Errors) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	m, ok := members[maintenanceAttr]
	if !ok {
		return raw, nil
	}
	resolved, errs := changewindow.Import(m, func(w calendar.Window) (calendar.Window, field.Errors) {
		w.Name, w.Kind = maintenanceAttr, calendar.Freeze
		return w, timeless(w)
	})
	if len(errs) > 0 {
		return nil, errs.Under(maintenanceAttr)
	}
	members[maintenanceAttr] = resolved
	out, err := json.Marshal(members)
	if err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	return out, nil
}

// timeless says what is wrong with a window whose times come from a file.
func timeless(w calendar.Window) field.Errors {
	if len(w.Absolute)+len(w.Weekly)+len(w.Recurrence)+len(w.Events) == 0 {
		w.Absolute = []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-01-01"}}
	}
	var errs field.Errors
	for _, f := range w.Validate() {
		errs = append(errs, field.Error{Path: f.Path, Msg: f.Msg})
	}
	return errs
}

// written leaves out what an author does not write: a check that expects nothing in
// particular.
func written(canonical json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	var checks []map[string]json.RawMessage
	if err := json.Unmarshal(canonical, &members); err != nil || members["checks"] == nil {
		return canonical, err
	}
	if err := json.Unmarshal(members["checks"], &checks); err != nil {
		return nil, err
	}
	for _, c := range checks {
		if string(c["expect"]) == "{}" {
			delete(c, "expect")
		}
	}
	var err error
	if members["checks"], err = json.Marshal(checks); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// left warns of what still names a dependency that was deleted.
func left(ctx context.Context, l ledger.Ledger, name string) (string, error) {
	services, err := ledger.ListObjects(ctx, l, release.ServiceKind, "")
	if err != nil {
		return "", err
	}
	var by []string
	for _, o := range services {
		var s release.Service
		if err := json.Unmarshal(o.Content, &s); err != nil {
			return "", fmt.Errorf("unable to read the declared service %q: %w", o.Name, err)
		}
		if slices.Contains(s.ExternalDependencies, name) {
			by = append(by, fmt.Sprintf("the service %q", o.Name))
		}
	}
	windows, err := window.Declared(ctx, l)
	if err != nil && !errors.Is(err, calendar.ErrInvalid) {
		return "", err
	}
	for _, w := range windows {
		if slices.Contains(w.Scope.DependsOn, name) {
			by = append(by, fmt.Sprintf("the change window %q", w.Name))
		}
	}
	if len(by) == 0 {
		return "", nil
	}
	return fmt.Sprintf("It is deleted, and still named by %s. What is named and not declared is unknown, which blocks releases. "+
		"Where this apply changes these too, nothing is to be done; otherwise name it no longer, or declare it again.", strings.Join(by, ", ")), nil
}
