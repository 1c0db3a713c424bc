package release

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// TargetSpec is one target of a release over many: a region, a cell, a tenant.
type TargetSpec struct {
	// Name is what people call it; it is unique within the release.
	Name string `json:"name"`
	// Region, where it is given, is the only one that this target's gates are asked
	// about, so that a freeze of one region stops its targets alone.
	Region string        `json:"region,omitempty"`
	Target target.Config `json:"target"`
	// Signals count this target's requests; empty takes the release's.
	Signals map[string]signal.Config `json:"signals,omitempty"`
}

// WaveOrder says in which order targets are released to.
type WaveOrder string

// The orders.
const (
	// Declared is the order of the configuration.
	Declared WaveOrder = "declared"
	// Shuffled is an order drawn for each rollout and kept in its first record.
	Shuffled WaveOrder = "shuffled"
)

// WaveOrders lists the orders in the order of the documentation.
func WaveOrders() []string { return []string{string(Declared), string(Shuffled)} }

// Waves says how a release goes over its targets.
type Waves struct {
	// Order is Declared when empty.
	Order WaveOrder `json:"order,omitempty"`
	// Sizes are the numbers of targets of the first waves; the last one is repeated
	// until no target is left. Empty is one target a wave.
	Sizes []int `json:"sizes,omitempty"`
	// MaxParallel is how many targets of a wave may be under way at once, from 1 to
	// MaxParallelLimit; 0 takes DefaultMaxParallel.
	MaxParallel int `json:"max_parallel,omitempty"`
	// FailureBudget is how many targets may fail before everything goes back.
	FailureBudget int `json:"failure_budget,omitempty"`
	// Soak is the observed time between the end of a wave and the next one.
	Soak field.Duration `json:"soak,omitempty"`
}

// Limits of releases over many targets.
const (
	DefaultMaxParallel = 10
	MaxParallelLimit   = 500
	// MaxTargets is such that the first record of a rollout stays far below what a
	// ledger takes.
	MaxTargets  = 1000
	MaxWaveSoak = 14 * 24 * time.Hour
)

// Waved is whether the release goes over many targets.
func (s Spec) Waved() bool { return len(s.Targets) > 0 }

func (w *Waves) normalize() Waves {
	var out Waves
	if w != nil {
		out = *w
	}
	if out.Order == "" {
		out.Order = Declared
	}
	if len(out.Sizes) == 0 {
		out.Sizes = []int{1}
	}
	if out.MaxParallel == 0 {
		out.MaxParallel = DefaultMaxParallel
	}
	return out
}

// Split cuts an order of targets into waves.
func (w Waves) Split(order []string) [][]string {
	sizes := w.normalize().Sizes
	var waves [][]string
	for i := 0; len(order) > 0; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(order))
		waves = append(waves, order[:n])
		order = order[n:]
	}
	return waves
}

// Sequence is the order in which the targets are released to. Shuffled is drawn
// from the seed alone: by the hash of the seed and each name, which leaves nothing
// to chance that a replay must repeat.
func (w Waves) Sequence(names []string, seed string) []string {
	order := slices.Clone(names)
	if w.Order != Shuffled {
		return order
	}
	place := map[string][sha256.Size]byte{}
	for _, name := range names {
		place[name] = sha256.Sum256([]byte(seed + "\x00" + name))
	}
	slices.SortFunc(order, func(a, b string) int {
		x, y := place[a], place[b]
		return bytes.Compare(x[:], y[:])
	})
	return order
}

// Labels writes the waves for people, each with the version, because a plan hides
// what does not change. It is a pure function of the configuration, so it cannot
// name the targets of a shuffled order.
func (w Waves) Labels(targets []string, version string) []string {
	w = w.normalize()
	waves := w.Split(targets)
	labels := make([]string, len(waves))
	for i, wave := range waves {
		who := listed(wave)
		if w.Order == Shuffled {
			who = targetCount(len(wave)) + " drawn at random"
		}
		labels[i] = fmt.Sprintf("%s to wave %d of %d: %s", version, i+1, len(waves), who)
		if len(wave) > w.MaxParallel {
			labels[i] += fmt.Sprintf(", %d at once", w.MaxParallel)
		}
		if w.Soak > 0 && i < len(waves)-1 {
			labels[i] += ", soak " + w.Soak.String()
		}
	}
	return labels
}

// listed names targets, not more than a line takes.
func listed(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func targetCount(n int) string {
	if n == 1 {
		return "1 target"
	}
	return fmt.Sprintf("%d targets", n)
}

// Names lists the targets in the order of the configuration.
func (s Spec) Names() []string {
	names := make([]string, len(s.Targets))
	for i, t := range s.Targets {
		names[i] = t.Name
	}
	return names
}

// Part is the specification of one target's part, which an ordinary rollout
// carries out. ok is false where there is no such target.
func (s Spec) Part(name string) (part Spec, ok bool) {
	i := slices.IndexFunc(s.Targets, func(t TargetSpec) bool { return t.Name == name })
	if i < 0 {
		return Spec{}, false
	}
	t := s.Targets[i]
	part = s
	part.Targets, part.Waves = nil, nil
	part.TargetName, part.Target = t.Name, t.Target
	if len(t.Signals) > 0 {
		part.Signals = t.Signals
	}
	if t.Region != "" {
		part.Environment.Regions = []string{t.Region}
	}
	return part.Normalize(), true
}

// manyTargets says that something is done for one target at a time.
func manyTargets(s Spec, done string) error {
	return fmt.Errorf("%s goes over %d targets, which are %s one at a time, for example as %s", s.Key(), len(s.Targets), done, s.Key().Part(s.Targets[0].Name))
}

// sameTargets compares where two specifications of one release run.
func sameTargets(a, b Spec) bool {
	if len(a.Targets) != len(b.Targets) {
		return false
	}
	if !a.Waved() {
		return sameTarget(a.Target, b.Target)
	}
	return !slices.ContainsFunc(a.Targets, func(t TargetSpec) bool {
		other, ok := b.Part(t.Name)
		return !ok || !sameTarget(t.Target, other.Target)
	})
}

var (
	targetNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	onlyDigits  = regexp.MustCompile(`^[0-9]+$`)
)

// targetName checks the name of a target. It stands in stream names and behind
// those of service and environment on the command line, where a number names a
// rollout.
func targetName(name string) string {
	const allowed = "; a target's name has 1 to 64 letters, digits, dots, dashes or underscores, begins with a letter or digit and is no number, for example \"eu-1\""
	switch {
	case name == "":
		return "the name is empty" + allowed
	case !targetNames.MatchString(name):
		return fmt.Sprintf("%q is not the name of a target%s", name, allowed)
	case onlyDigits.MatchString(name):
		return fmt.Sprintf("%q is a number, which names a rollout on the command line%s", name, allowed)
	default:
		return ""
	}
}
