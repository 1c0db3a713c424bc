package notify

import (
	"slices"
	"strings"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Type is the type of an event without its version: "dev.cdevents.service.upgraded".
type Type string

// The types that CDEvents has.
const (
	ServiceDeployed     Type = "dev.cdevents.service.deployed"
	ServiceUpgraded     Type = "dev.cdevents.service.upgraded"
	ServiceRolledBack   Type = "dev.cdevents.service.rolledback"
	ServiceRemoved      Type = "dev.cdevents.service.removed"
	RunStarted          Type = "dev.cdevents.pipelinerun.started"
	RunFinished         Type = "dev.cdevents.pipelinerun.finished"
	IncidentDetected    Type = "dev.cdevents.incident.detected"
	IncidentResolved    Type = "dev.cdevents.incident.resolved"
	EnvironmentCreated  Type = "dev.cdevents.environment.created"
	EnvironmentModified Type = "dev.cdevents.environment.modified"
	EnvironmentDeleted  Type = "dev.cdevents.environment.deleted"
)

// standard is what begins the types of CDEvents, and own what begins ours, by the
// rule of CDEvents for events that a tool adds: the tool, a hyphen, the subject, a
// dot, what happened to it; letters alone.
const (
	standard = "dev.cdevents."
	own      = "dev.cdeventsx.sluice-"
)

// The versions of the types: of all of CDEvents' that are used here in its 0.5.1, and
// of ours.
const (
	standardVersion = "0.3.0"
	ownVersion      = "0.1.0"
)

// Own makes a type of our own: Own("rollout", "paused").
func Own(subject, happened string) Type {
	return Type(own + letters(subject) + "." + letters(happened))
}

// letters leaves the letters of a word, since a type may hold nothing else.
func letters(word string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, word)
}

// Versioned is the type as events have it.
func (t Type) Versioned() string {
	if strings.HasPrefix(string(t), own) {
		return string(t) + "." + ownVersion
	}
	return string(t) + "." + standardVersion
}

// unversioned takes the version off a type.
func unversioned(typ string) Type {
	return Type(strings.TrimSuffix(strings.TrimSuffix(typ, "."+standardVersion), "."+ownVersion))
}

// Entry says what becomes of the records of one kind.
type Entry struct {
	Kind string
	// Types are the events that a record of the kind can make; none where it is silent.
	Types []Type
	// When says which of them it makes and when, or why it is silent.
	When string
}

// Silent reports whether nobody is told of the kind.
func (e Entry) Silent() bool { return len(e.Types) == 0 }

func move(s release.State) string { return "rollout." + string(s) }

// Table lists every kind of record that this version writes into the streams of
// releases, of drift checks, of credentials and of the ledger, in the order of the
// documentation. Records of declared objects are in Objects.
func Table() []Entry {
	return []Entry{
		{move(release.Opened), []Type{RunStarted}, "A rollout began. The run is the rollout, and the pipeline the release."},
		{move(release.Preparing), []Type{Own("rollout", "preparing")}, "The new artifact is brought up, without traffic."},
		{move(release.Stepping), []Type{Own("rollout", "stepping")}, "The steps begin, or go on after a pause."},
		{move(release.Paused), []Type{Own("rollout", "paused")}, "It waits: for a gate, for data, for a person. `cause` and `reason` say which."},
		{move(release.Baking), []Type{Own("rollout", "baking")}, "All traffic is on the new artifact, and it is watched."},
		{move(release.Completing), []Type{Own("rollout", "completing")}, "The new artifact becomes the only one."},
		{move(release.Aborting), []Type{Own("rollout", "aborting")}, "It goes back because a person, or another wish, stopped it."},
		{move(release.Reverting), []Type{Own("rollout", "reverting"), IncidentDetected}, "It goes back by itself. An incident is detected where the artifact is why: harm, failed health, a failed check, a burn rate."},
		{move(release.RollbackFailed), []Type{Own("rollout", "rollback_failed")}, "The way back failed and is tried again; users may be hurt meanwhile."},
		{move(release.Succeeded), []Type{ServiceDeployed, ServiceUpgraded, ServiceRolledBack, Own("service", "repaired"), RunFinished}, "`deployed` where nothing served before, `upgraded` otherwise; `rolledback` when a person went back to an older artifact; `repaired` when drift was. The run finished with `success`."},
		{move(release.RolledBack), []Type{ServiceRolledBack, ServiceRemoved, IncidentResolved, RunFinished}, "What served before serves again; `removed` where nothing did. The incident is resolved where one was detected. The run finished with `failure`."},
		{move(release.Aborted), []Type{ServiceRolledBack, RunFinished}, "What served before serves again, `rolledback` where there was anything. The run finished with `cancel`."},
		{move(release.Errored), []Type{RunFinished}, "The run finished with `error`, which says nothing about the artifact."},
		{release.KindAdopted, []Type{Own("release", "adopted")}, "What served already is managed from now on; nothing was deployed."},
		{release.KindOwned, []Type{Own("release", "owned")}, "Another Terraform state manages it."},
		{release.KindSpecified, []Type{Own("release", "specified")}, "An edit holds from the next rollout on."},
		{release.KindReleased, []Type{Own("release", "released")}, "Nobody manages it any more; what serves goes on serving."},
		{release.KindRenamed, []Type{Own("release", "renamed")}, "It has the history of another name."},
		{release.KindBehind, []Type{Own("release", "behind")}, "Its target has seen a fence that this ledger has not given: records are missing, or another ledger drives it."},
		{release.KindAnalysis, nil, "What is fixed before the first step; it follows each beginning and says nothing that happened."},
		{release.KindGates, []Type{Own("gate", "blocked")}, "Only where a gate did not pass."},
		{release.KindIntent, nil, "A wish that is about to be carried out; what became of it follows."},
		{release.KindOutcome, []Type{Own("traffic", "moved")}, "Only where the target has moved traffic, with `weight`, the new artifact's share in per cent."},
		{release.KindFailure, []Type{Own("effect", "failed")}, "The target did not do what it was asked."},
		{release.KindTick, nil, "One look, every few seconds; what follows from it is a record of its own."},
		{release.KindStepPassed, []Type{Own("step", "passed")}, ""},
		{release.KindStepExtended, []Type{Own("step", "extended")}, "It had no verdict yet and gets more time."},
		{release.KindChecked, []Type{Own("check", "made")}, "One attempt of the check that a step is."},
		{release.KindResumed, []Type{Own("pause", "resumed")}, "A person said to go on."},
		{release.KindAbortRequested, []Type{Own("abort", "requested")}, ""},
		{release.KindBackRequested, []Type{Own("rollback", "requested")}, ""},
		{release.KindQuarantined, []Type{Own("artifact", "quarantined")}, ""},
		{release.KindLifted, []Type{Own("quarantine", "lifted")}, ""},
		{release.KindDependencies, []Type{Own("dependency", "checked")}, "What was asked once the rollout had succeeded."},
		{release.KindTargetStarted, []Type{Own("target", "started")}, "Of a release over many targets. Each target's own rollout is told of, too, under the subject `SERVICE/ENVIRONMENT/TARGET`."},
		{release.KindTargetWaiting, []Type{Own("target", "waiting")}, ""},
		{release.KindTargetEnded, []Type{Own("target", "ended")}, ""},
		{release.KindTargetFailed, []Type{Own("target", "failed")}, ""},
		{release.KindTargetBack, []Type{Own("target", "back")}, ""},
		{release.KindWaveWatched, nil, "One look at all targets; what follows from it is a record of its own."},
		{ledger.KindCreated, nil, "The beginning of the ledger, before anybody could ask to be told."},
		{ledger.KindRebound, []Type{Own("ledger", "rebound")}, "This ledger stands in for one that was lost."},
		{ledger.KindMoved, []Type{Own("ledger", "moved")}, "The ledger goes on in another place, under the same UUID; told from there."},
		{ledger.KindUnsealed, []Type{Own("ledger", "unsealed")}, "A move was given up, and the ledger is in use again."},
		{ledger.KindScope, []Type{Own("ledger", "scoped")}, "Whose ledger it is, and whose objects hold here too, was said or changed."},
		{drift.KindChecked, []Type{Own("drift", "checked")}, "An agent has looked, and found what it had not recorded within a day; `status` is `clean`, `drifted` or `unknown`. Not while a rollout moves what would be compared."},
		{grant.KindOpened, []Type{Own("credentials", "opened")}, "Credentials for a rollout were handed out, at a plan or an apply; without the secret."},
		{presence.KindAnnounced, nil, "An agent is there; it changes no release."},
		{ledger.KindCheckpoint, nil, "An anchor of the ledger's own proof."},
	}
}

// Objects says what becomes of the records of declared objects: of which kind the
// object is decides.
func Objects() []Entry {
	return []Entry{
		{release.EnvironmentKind, []Type{EnvironmentCreated, EnvironmentModified, EnvironmentDeleted}, "An environment is declared, changed or deleted."},
		{holdKind, []Type{Own("hold", "placed"), Own("hold", "lifted")}, "The subject is the hold's scope."},
		{StateKind, nil, "Deliveries that began to fail, or to succeed again: telling of them would have no end."},
		{anyObject, []Type{Own("object", "declared"), Own("object", "deleted")}, "Any other declared object, `object` being its kind in letters: `dev.cdeventsx.sluice-changewindow.declared`."},
	}
}

const (
	holdKind = "hold"
	// anyObject stands for each kind of object that is not listed.
	anyObject = "*"
)

// byKind has the entries of the table by their kinds.
var byKind = sync.OnceValue(func() map[string]Entry {
	out := map[string]Entry{}
	for _, e := range Table() {
		out[e.Kind] = e
	}
	return out
})

// entryOf finds the entry of a record's kind.
func entryOf(kind string) (Entry, bool) {
	e, known := byKind()[kind]
	return e, known
}

// Types lists every type that there is but those of declared objects of other kinds, in
// the order of the table.
func Types() []Type {
	var out []Type
	for _, e := range append(Table(), Objects()...) {
		if e.Kind == anyObject {
			continue
		}
		for _, t := range e.Types {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return append(out, Own("record", "appended"))
}
