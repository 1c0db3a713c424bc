package cli

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// standingJSON is a notification in sluice notification status --json.
type standingJSON struct {
	Name string `json:"name"`
	// To says where its events go, without anything secret.
	To string `json:"to"`
	// Open counts the events that were not taken; Oldest is when the first of them
	// happened, null where there is none.
	Open   int        `json:"open"`
	Oldest *time.Time `json:"oldest"`
	// Next are the events that are offered next, one for each stream.
	Next []nextJSON `json:"next"`
	// FailingSince is null while deliveries succeed. Error is the last one, LastTry when
	// it was met.
	FailingSince *time.Time `json:"failing_since"`
	Error        string     `json:"error"`
	LastTry      *time.Time `json:"last_try"`
	// DeliveredBy is who delivers right now; empty for nobody.
	DeliveredBy string `json:"delivered_by"`
}

// nextJSON is an event in a list.
type nextJSON struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Subject string    `json:"subject"`
	Time    time.Time `json:"time"`
}

// reportJSON is a notification in sluice notification deliver --json.
type reportJSON struct {
	Name string `json:"name"`
	Sent int    `json:"sent"`
	// Busy is true where another process delivers it.
	Busy  bool   `json:"busy"`
	Error string `json:"error"`
}

func toNext(e notify.Event) nextJSON {
	return nextJSON{ID: e.ID, Type: e.Type, Subject: e.Subject, Time: e.Time}
}

func toStanding(s notify.Standing) standingJSON {
	out := standingJSON{
		Name: s.Notification.Name, To: s.Notification.To(), Open: s.Open, Oldest: instantOrNull(s.Oldest), Next: []nextJSON{},
		FailingSince: instantOrNull(s.State.Since), Error: s.State.Error, LastTry: instantOrNull(s.State.At), DeliveredBy: s.By,
	}
	for _, e := range s.Next {
		out.Next = append(out.Next, toNext(e))
	}
	if s.Err != nil {
		out.Error = s.Err.Error()
	}
	return out
}

func instantOrNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// shownNext is how many of the open events are listed for people.
const shownNext = 3

func (a *app) showStandings(all []notify.Standing) error {
	if a.asJSON {
		out := []standingJSON{}
		for _, s := range all {
			out = append(out, toStanding(s))
		}
		return a.writeJSON(out)
	}
	if len(all) == 0 {
		a.say("No notification is declared, so nobody is told; see the resource sluice_notification.")
		return nil
	}
	now := a.clock.Now()
	t := newTable("notification", "open", "oldest", "deliveries", "to")
	for _, s := range all {
		oldest, state := "", "work"
		if !s.Oldest.IsZero() {
			oldest = ago(now.Sub(s.Oldest))
		}
		if !s.State.Since.IsZero() {
			state = "fail since " + ago(now.Sub(s.State.Since))
		}
		if s.Err != nil {
			state = "stopped"
		}
		t.AppendRow([]any{s.Notification.Name, s.Open, oldest, state, s.Notification.To()})
	}
	a.say("%s", t.Render())
	for _, s := range all {
		a.showTrouble(s)
	}
	return nil
}

// showTrouble says why something is open, and what comes next.
func (a *app) showTrouble(s notify.Standing) {
	why := s.State.Error
	if s.Err != nil {
		why = s.Err.Error()
	}
	if why == "" {
		return
	}
	a.say("")
	a.say("%s", prose.Wrapped(s.Notification.Name+": "+why, "", width(a.stdout)))
	for i, e := range s.Next {
		if i == shownNext {
			a.say("  and %s more", plural(uint64(len(s.Next)-shownNext), "stream"))
			break
		}
		a.say("  %s  %s  %s", e.ID, e.Type, e.Subject)
	}
}

func (a *app) showReports(reports []notify.Report) error {
	if a.asJSON {
		out := []reportJSON{}
		for _, r := range reports {
			j := reportJSON{Name: r.Name, Sent: r.Sent, Busy: r.Busy}
			if r.Err != nil {
				j.Error = r.Err.Error()
			}
			out = append(out, j)
		}
		return a.writeJSON(out)
	}
	if len(reports) == 0 {
		a.say("No notification is declared, so there is nothing to deliver.")
	}
	for _, r := range reports {
		a.say("%s: %s delivered", r.Name, plural(uint64(r.Sent), "event"))
	}
	return nil
}
