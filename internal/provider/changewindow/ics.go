package changewindow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/calendar/ics"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// icsAttr is the attribute that imports a calendar.
const icsAttr = "ics"

// imported is that attribute as an author writes it.
type imported struct {
	Content     *string       `json:"content"`
	File        *string       `json:"file"`
	Transparent ics.Treatment `json:"transparent"`
}

// resolve replaces the calendar that an author imports by its events.
func resolve(raw json.RawMessage) (json.RawMessage, field.Errors) {
	return Import(raw, func(w calendar.Window) (calendar.Window, field.Errors) { return w, errorsOf(w, true) })
}

// Import replaces the calendar that an author imports, in the attribute ics of JSON
// that has the times of a window, by its events. check makes a window of what is
// there without them, and says what is wrong with it. Paths are relative to the JSON.
func Import(raw json.RawMessage, check func(calendar.Window) (calendar.Window, field.Errors)) (json.RawMessage, field.Errors) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	source, ok := members[icsAttr]
	if !ok {
		return raw, nil
	}
	delete(members, icsAttr)
	own, err := json.Marshal(members)
	if err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	var from imported
	var w calendar.Window
	if err := errors.Join(json.Unmarshal(source, &from), json.Unmarshal(own, &w)); err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	whole, errs := check(w)
	if len(errs) > 0 {
		return nil, errs
	}
	events, problem := from.events(whole)
	if problem != nil {
		return nil, field.Errors{*problem}
	}
	if members["events"], err = json.Marshal(append(w.Events, events...)); err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	out, err := json.Marshal(members)
	if err != nil {
		return nil, field.Errors{{Msg: err.Error()}}
	}
	return out, nil
}

// events reads the calendar.
func (from imported) events(w calendar.Window) ([]calendar.Event, *field.Error) {
	if !slices.Contains([]ics.Treatment{"", ics.Keep, ics.LeaveIt}, from.Transparent) {
		return nil, &field.Error{Path: icsAttr + ".transparent", Msg: fmt.Sprintf("%q is not a treatment; it must be keep or leave_out, for example \"keep\"", from.Transparent)}
	}
	var data []byte
	path := icsAttr + ".content"
	switch {
	case (from.Content == nil) == (from.File == nil):
		return nil, &field.Error{Path: icsAttr, Msg: "exactly one of content and file must be given, for example file = \"holidays.ics\""}
	case from.Content != nil:
		data = []byte(*from.Content)
	default:
		path = icsAttr + ".file"
		var err error
		if data, err = readFile(*from.File); err != nil {
			return nil, &field.Error{Path: path, Msg: fmt.Sprintf("the file %q cannot be read: %v; give one that is there when Terraform plans, "+
				"for example \"${path.module}/holidays.ics\", or its text in content", *from.File, err)}
		}
	}
	template := w
	template.Absolute, template.Weekly, template.Recurrence, template.Events = nil, nil, nil, nil
	result, err := ics.Import(data, ics.Options{Template: template, Transparent: from.Transparent})
	if err != nil {
		return nil, &field.Error{Path: path, Msg: err.Error() + ". The whole calendar is refused, since nobody knows what the rest of it would have closed; " +
			"allowed is iCalendar as RFC 5545 has it, for example an event with DTSTART;VALUE=DATE:20261224"}
	}
	return result.Events(template), nil
}

// readFile reads a file of bounded size.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	data, err := io.ReadAll(io.LimitReader(f, ics.MaxSize+1))
	return data, cause(err)
}

// cause is an error without the name of the file, which the message has already.
func cause(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
