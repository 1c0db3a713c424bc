package window

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// asked is one question to which the windows alone say no.
type asked struct {
	gate    *Gate
	cal     *calendar.Calendar
	windows []calendar.Window
	who     calendar.Subject
	subject gate.Subject
	at      time.Time
	state   calendar.State
	// uncounted says why the latest override that does not count does not.
	uncounted string
}

// overridden answers with what people have overridden.
func (a asked) overridden(ctx context.Context) gate.Result {
	if a.subject.Payload.Digest() == "" {
		return a.closed(a.state) // An override is bound to a digest.
	}
	list, err := override.Everywhere(ctx, a.gate.ledger, a.key())
	if err != nil {
		return unknown(err.Error(), "see what `sluice verify` says of the ledger")
	}
	var lifts []calendar.Lift
	var held []override.Override
	for _, o := range list {
		if o.Digest != a.subject.Payload.Key() && !o.InForce(a.at) {
			continue // Of another artifact, and long over.
		}
		if why := a.void(o); why != "" {
			if name := o.Above.Name(o.Window); slices.Contains(a.state.Windows, name) {
				a.uncounted = fmt.Sprintf("; the override of window %q by %s does not count: %s", name, o.By, why)
			}
			continue
		}
		held = append(held, o)
		lifts = append(lifts, o.Lift(a.at))
	}
	if len(held) == 0 {
		return a.closed(a.state)
	}
	lifted, err := a.cal.Lifted(lifts)
	if err != nil {
		return unknown(err.Error(), correct)
	}
	state, err := lifted.State(a.who, a.at)
	switch {
	case err != nil || !state.Known:
		return unknown(state.Reason, correct)
	case state.Open:
		return a.pass(held)
	case overruns(state, a.subject, a.at):
		return goesOn(state, a.subject)
	}
	return a.closed(state)
}

func (a asked) key() release.Key {
	return release.Key{Service: a.subject.Service, Environment: a.subject.Environment}
}

// void says why an override does not count here, or nothing.
func (a asked) void(o override.Override) string {
	w, declared := a.window(o.Above.Name(o.Window))
	above, _ := scope.SplitName(o.Window)
	switch {
	case above != "":
		return fmt.Sprintf("it stands in a ledger below, and only one in that of the scope %s can open it", above)
	case o.Digest != a.subject.Payload.Key():
		return fmt.Sprintf("it is for %s, and this is %s", short(o.Digest), short(a.subject.Payload.Key()))
	case o.Withdrawn != nil:
		return "it was withdrawn by " + o.Withdrawn.By
	case !o.InForce(a.at):
		return "it ended at " + o.Expires.UTC().Format(timeLayout+"Z")
	case !declared || !o.Names(w) || !w.MayOverride(o.By):
		return "its author is not in override_by"
	}
	return ""
}

// short is a payload's key for people.
func short(key string) string {
	digest, configuration, _ := strings.Cut(key, "+")
	if configuration == "" {
		return artifact.Short(digest)
	}
	return artifact.Short(digest) + "+" + artifact.Short(configuration)
}

func (a asked) window(name string) (calendar.Window, bool) {
	for _, w := range a.windows {
		if w.Name == name {
			return w, true
		}
	}
	return calendar.Window{}, false
}

// pass says what would have stopped it, who overrode that, until when and why.
func (a asked) pass(held []override.Override) gate.Result {
	var words []string
	for _, o := range held {
		words = append(words, fmt.Sprintf("%s overrode window %q until %s: %s", o.By, o.Above.Name(o.Window), o.Expires.UTC().Format(timeLayout+"Z"), oneLine(o.Reason)))
	}
	text := strings.Join(words, "; ")
	return gate.Result{Gate: Name, Status: gate.Pass, Reason: "OVERRIDDEN: " + untilWhen(a.state) + "; " + text, Override: text}
}

// closed is the refusal, with what a person can do about it.
func (a asked) closed(state calendar.State) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Fail, Reason: untilWhen(state) + a.uncounted, NextAt: state.Until, Remedy: a.remedy(state)}
}

func (a asked) remedy(state calendar.State) string {
	wait := "nothing opens it within ten years; change the declared windows"
	if !state.Until.IsZero() {
		wait = "apply again from " + instant(state.Until) + " on, or change the declared windows"
	}
	if a.subject.Payload.Digest() == "" {
		return wait
	}
	closing := a.closing(state)
	var names, who []string
	for _, w := range closing {
		if w.OverrideBy != nil && len(w.OverrideBy) == 0 {
			return wait + fmt.Sprintf("; nobody may override window %q", w.Name)
		}
		names = append(names, w.Name)
		if len(w.OverrideBy) > 0 {
			who = append(who, fmt.Sprintf("window %q: %s", w.Name, some(w.OverrideBy)))
		}
	}
	if len(who) > 0 {
		wait += "; who may override " + strings.Join(who, ", ")
	}
	return fmt.Sprintf("%s; or, if it cannot wait:\n%s", wait, Command(a.key(), a.subject.Payload.Key(), names...))
}

// closing lists the windows that must be overridden: every freeze that is on, or
// the allow that would open next.
func (a asked) closing(state calendar.State) []calendar.Window {
	var out []calendar.Window
	for _, name := range state.Windows {
		w, ok := a.window(name)
		if ok && (w.Kind == calendar.Freeze || name == state.Window) {
			out = append(out, w)
		}
	}
	return out
}

// Command is the command line that overrides windows for a payload of a release: one
// for each scope that declares some of them, since each is overridden in its own ledger.
func Command(key release.Key, digest string, names ...string) string {
	var levels []scope.Path
	windows := map[scope.Path]string{}
	for _, name := range names {
		above, own := scope.SplitName(name)
		if !slices.Contains(levels, above) {
			levels = append(levels, above)
		}
		windows[above] += " --window " + quoted(own)
	}
	var lines []string
	for _, above := range levels {
		line := fmt.Sprintf(`sluice override %s --digest %s%s --reason "..." --expires 2h`, quoted(key.String()), digest, windows[above])
		if above != "" {
			line += fmt.Sprintf("  # in the ledger of the scope %s", above)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// Withdrawal is the command line that takes back what Command says, of one ledger.
func Withdrawal(key release.Key, digest string, names ...string) string {
	windows := ""
	for _, name := range names {
		windows += " --window " + quoted(name)
	}
	return fmt.Sprintf(`sluice override withdraw %s --digest %s%s --reason "..."`, quoted(key.String()), digest, windows)
}

// quoted makes text one word of a shell, where it is not one already.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/@:+-", r))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// some names a few of those who may, and counts the rest.
func some(names []string) string {
	const most = 3
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// oneLine keeps a reason from breaking a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
