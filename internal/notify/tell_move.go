package notify

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// tellMove makes the events of a rollout's beginning, of its moves and of its end.
func (t Teller) tellMove(state release.State, entry Entry, a about) ([]Event, error) {
	var m release.MoveBody
	if state != release.Opened {
		if err := decode(a.rec, &m); err != nil {
			return nil, err
		}
	}
	if state.Final() {
		return t.tellEnd(state, a), nil
	}
	if state == release.Opened {
		run := a
		run.subject = a.run()
		return []Event{t.event(RunStarted, run, map[string]any{"pipelineName": a.subject, "uri": a.runURI(t.Ledger)})}, nil
	}
	content := map[string]any{"from": string(m.From), "step": m.Step + 1}
	set(content, "cause", string(m.Cause))
	set(content, "reason", m.Reason)
	set(content, "trigger", m.Trigger)
	events := []Event{t.event(entry.Types[0], a, content)}
	if state == release.Reverting && m.Cause.Condemns() {
		events = append(events, t.incident(IncidentDetected, a, m.Reason))
	}
	return events, nil
}

// tellEnd makes the events of a rollout's last record: what serves now, and that the
// run has ended.
func (t Teller) tellEnd(state release.State, a about) []Event {
	var events []Event
	serves := func(typ Type, p artifact.Payload) {
		events = append(events, t.event(typ, a, map[string]any{"environment": a.environment(t.Ledger), "artifactId": Purl(p)}))
	}
	outcome := "error"
	switch state {
	case release.Succeeded:
		outcome = "success"
		if typ := cameToServe(a.opening); typ == Own("service", "repaired") {
			events = append(events, t.event(typ, a, map[string]any{"environment": a.Environment, "artifactId": Purl(a.opening.Spec.Payload)}))
		} else {
			serves(typ, a.opening.Spec.Payload)
		}
	case release.RolledBack, release.Aborted:
		outcome = "failure"
		if state == release.Aborted {
			outcome = "cancel"
		}
		switch {
		case a.opening.Baseline != nil:
			serves(ServiceRolledBack, *a.opening.Baseline)
		case state == release.RolledBack:
			events = append(events, t.event(ServiceRemoved, a, map[string]any{"environment": a.environment(t.Ledger)}))
		}
		if state == release.RolledBack && release.Cause(a.Cause).Condemns() {
			events = append(events, t.incident(IncidentResolved, a, "what served before serves again"))
		}
	}
	run := a
	run.subject = a.run()
	content := map[string]any{"pipelineName": a.subject, "uri": a.runURI(t.Ledger), "outcome": outcome}
	if outcome != "success" {
		set(content, "errors", a.Reason)
	}
	return append(events, t.event(RunFinished, run, content))
}

// cameToServe is the type that says how the artifact of a rollout that succeeded came
// to serve.
func cameToServe(o Opening) Type {
	switch {
	case o.Kind == release.BackOut:
		return ServiceRolledBack
	case o.Kind == release.Repair:
		return Own("service", "repaired")
	case o.Baseline == nil:
		return ServiceDeployed
	default:
		return ServiceUpgraded
	}
}

// incident makes the event that an artifact hurts, or no longer does.
func (t Teller) incident(typ Type, a about, description string) Event {
	incident := a
	incident.subject = a.run()
	return t.event(typ, incident, map[string]any{
		"description": description, "environment": a.environment(t.Ledger),
		"service": map[string]any{"id": a.subject, "source": "urn:uuid:" + t.Ledger}, "artifactId": Purl(a.opening.Spec.Payload),
	})
}

// run names the rollout as the subject of events: "checkout/production#3".
func (a about) run() string { return fmt.Sprintf("%s#%d", a.subject, a.Rollout) }

func (a about) environment(ledgerID string) map[string]any {
	return map[string]any{"id": a.Environment, "source": "urn:uuid:" + ledgerID}
}

// set puts a text where there is one.
func set(content map[string]any, name, text string) {
	if text != "" {
		content[name] = text
	}
}
