package recommend

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// builder makes one recommendation, part by part.
type builder struct {
	s   Service
	p   *power
	out Recommendation
}

func (b *builder) because(format string, args ...any) {
	b.out.Reasons = append(b.out.Reasons, fmt.Sprintf(format, args...))
}

// ladder are the weights of a canary, of which it begins with one of firsts.
var (
	ladder = []float64{1, 5, 25, 50, 100}
	firsts = []float64{1, 5, 10, 25, 50}
)

// together says whether both versions can have a share of the traffic for a time
// that proves anything, and why not.
func (b *builder) together() bool {
	s := b.s
	switch {
	case s.SchemaChange == IncompatibleSchemaChange:
		b.because("All at once: the old version cannot work with the new schema, so no request may reach it once the new one has run. " +
			"Declare irreversible = true on the release: nothing goes back by itself then. Two releases, the first with a schema that both versions can work with, would allow a canary.")
		return false
	case !s.SideBySide:
		b.because("All at once: two versions cannot run side by side, so the old one stops before the new one starts, and the service is away in between.")
		return false
	}
	if b.first() < 0 && (s.TrafficSplitting || s.SpareCapacity < 1) {
		b.because("All at once: at %s requests a minute even half of the traffic would take longer than %s to show %s the errors, or to prove that there is no such harm. "+
			"A canary would stand for hours and prove nothing; health and the bake are what there is.",
			number(s.RequestsPerMinute), field.FormatDuration(longestStep), times(s.Harm))
		return false
	}
	return true
}

// first is the smallest weight to begin with whose length is not long, else the one
// that is shortest; -1 when each is longer than longestStep.
func (b *builder) first() float64 {
	best, shortest := -1.0, longestStep
	for _, weight := range firsts {
		length, ok := b.length(weight)
		switch {
		case ok && length <= longStep:
			return weight
		case ok && length < shortest:
			best, shortest = weight, length
		}
	}
	return best
}

// length is how long a step at this weight has to stand: until a good canary is
// proved safe, and a harmful one would have been seen.
func (b *builder) length(weight float64) (time.Duration, bool) {
	safe, _, proved := b.p.safeAfter(weight)
	harm, seen := b.p.harmAfter(weight, b.s.Harm)
	return nice(max(safe, harm)), proved && seen
}

// step measures one weight, after the steps so far. It stands as long as it takes
// for both proofs, or as long as fixed says when that is not 0.
func (b *builder) step(weight float64, fixed time.Duration) {
	safe, by, proved := b.p.safeAfter(weight)
	harm, seen := b.p.harmAfter(weight, b.s.Harm)
	step := Step{Weight: weight}
	var words []string
	requests := func(d time.Duration) string {
		return number(b.s.RequestsPerMinute * d.Minutes() * weight / 100)
	}
	if proved {
		step.SafeAfter = field.Duration(safe)
		test := fmt.Sprintf("its errors are below the ceiling of %s", percent(100*b.s.Ceiling))
		if by == "relative" {
			test = fmt.Sprintf("its errors are less than %s those of the old version", times(b.p.state.Params.SafeRatioAt(weight)))
		}
		words = append(words, fmt.Sprintf("A good version is proved safe within %s, %s requests: %s", field.FormatDuration(safe), requests(safe), test))
	} else {
		words = append(words, "A good version is not proved safe within a week at this traffic, so the step ends at its deadline")
	}
	if seen {
		step.HarmSeenAfter = field.Duration(harm)
		words = append(words, fmt.Sprintf("%s the errors are seen within %s, %s requests", upper(times(b.s.Harm)), field.FormatDuration(harm), requests(harm)))
	} else {
		words = append(words, b.unseen(weight))
	}
	length := nice(max(safe, harm))
	if fixed > 0 {
		length = fixed
	}
	if harm > length {
		words = append(words, "That is longer than the step stands, so a harm that begins with it may be seen in a later one")
	}
	if deadline := 3 * max(length, nice(safe)); deadline > strategy.DefaultDeadline {
		step.AtMost = field.Duration(deadline)
	}
	if weight < 100 {
		step.AtLeast = field.Duration(length)
	}
	step.Reason = strings.Join(words, ". ") + "; each in nine of ten rollouts."
	b.out.Steps = append(b.out.Steps, step)
	b.p.pass(weight, length)
	if weight < 100 {
		b.out.Takes += length
	}
}

// unseen says why a harm is not seen.
func (b *builder) unseen(weight float64) string {
	text := fmt.Sprintf("%s the errors are not seen within a week", upper(times(b.s.Harm)))
	if weight == 100 {
		text += fmt.Sprintf(": at 100 %% there is no old version to compare with, and %s is not clearly above the ceiling of %s",
			percent(100*min(1, b.s.ErrorRate*b.s.Harm)), percent(100*b.s.Ceiling))
	}
	return text
}

func (b *builder) canary() {
	first := b.first()
	b.out.Kind = "canary"
	b.because("Canary: two versions can run side by side and the target can split traffic, so few users meet a harm.")
	if b.s.SchemaChange == CompatibleSchemaChange {
		b.because("The schema change is one that both versions can work with, so it stands in the way of nothing; the old columns stay until the release after this one.")
	}
	short := "the smallest weight at which a step takes at most " + field.FormatDuration(longStep)
	if length, _ := b.length(first); length > longStep {
		short = fmt.Sprintf("the weight at which the first step is shortest, and none takes less than %s", field.FormatDuration(longStep))
	}
	b.because("It begins with %s: %s at %s requests a minute.", percent(first), short, number(b.s.RequestsPerMinute))
	b.step(first, 0)
	for _, weight := range ladder {
		if weight >= 2*first {
			b.step(weight, 0)
		}
	}
	c := &strategy.Canary{}
	for _, s := range b.out.Steps {
		c.Steps = append(c.Steps, strategy.CanaryStep{Weight: s.Weight, AtLeast: s.AtLeast, AtMost: s.AtMost})
	}
	b.out.Strategy.Canary = c
}

// linear moves in equal increments, of which each has the length that the first one
// needs: a harm that was there from the beginning has been seen by then.
func (b *builder) linear() {
	increment := 25.0
	b.because("Linear: instances hold state, which moves with the traffic, so each step moves the same share of it.")
	increment = b.atLeastFirst(increment)
	b.out.Kind = "linear"
	b.even(increment)
	b.out.Strategy.Linear = &strategy.Linear{StepWeight: increment, AtLeast: b.out.Steps[0].AtLeast, AtMost: b.out.Steps[0].AtMost}
	b.lastDeadline()
}

// rolling replaces instances in batches, of which each stands for as long as the
// first one needs.
func (b *builder) rolling() {
	batch := 25.0
	switch {
	case b.s.SpareCapacity == 0 && b.s.TrafficSplitting:
		batch = 10
		b.because("Rolling: there is no spare capacity, so instances are replaced in batches, a tenth at a time, and each takes from the old version what it gives to the new one. " +
			"A target that cannot replace batches refuses it at plan; linear with the same steps is the nearest there.")
	default:
		b.because("Rolling: the target cannot split traffic and only %s of the capacity is spare, so instances are replaced in batches, each of which must be healthy before the next. "+
			"A target that cannot replace batches refuses it at plan; all_at_once is what is left there.", percent(100*b.s.SpareCapacity))
	}
	batch = b.atLeastFirst(batch)
	b.out.Kind = "rolling"
	b.even(batch)
	share := batch / 100
	b.out.Strategy.Rolling = &strategy.Rolling{Batch: &share, AtLeast: b.out.Steps[0].AtLeast, AtMost: b.out.Steps[0].AtMost}
	if b.out.Steps[0].AtMost == 0 {
		b.lastDeadline()
	}
}

// blueGreen moves all traffic in one step, with the old version whole beside it.
func (b *builder) blueGreen() {
	b.because("Blue/green: the target cannot split traffic, and there is room for a whole second set: the new version becomes healthy beside the old one, " +
		"takes all traffic in one step, and the old one stays until the end of the bake. Checks of it before the switch are worth adding, since no user has tried it by then.")
	b.out.Kind = "blue_green"
	b.step(100, 0)
	b.out.Strategy.BlueGreen = &strategy.BlueGreen{}
	b.lastDeadline()
}

// atLeastFirst is an increment that proves something at this traffic.
func (b *builder) atLeastFirst(increment float64) float64 {
	if first := b.first(); first > increment {
		increment = first
		b.because("The increment is %s: at %s requests a minute a smaller share proves nothing in %s.", percent(first), number(b.s.RequestsPerMinute), field.FormatDuration(longestStep))
	}
	return increment
}

// even walks equal increments, all as long as the first one needs.
func (b *builder) even(increment float64) {
	length, _ := b.length(increment)
	for weight := increment; weight <= 100; weight += increment {
		b.step(weight, length)
	}
	for i := range b.out.Steps {
		b.out.Steps[i].AtMost = b.out.Steps[0].AtMost
	}
}

// lastDeadline warns of a step at 100 % whose deadline cannot be declared: only the
// steps of a canary have one each.
func (b *builder) lastDeadline() {
	last := &b.out.Steps[len(b.out.Steps)-1]
	last.AtMost = 0
	if safe := last.SafeAfter.Std(); safe == 0 || safe > strategy.DefaultDeadline {
		b.because("At 100 %% a good version is not proved safe before the deadline of %s, so the step is extended once and then pauses for a person; on_inconclusive says otherwise.",
			field.FormatDuration(strategy.DefaultDeadline))
	}
}

func (b *builder) atOnce() {
	b.out.Kind = "all_at_once"
	b.step(100, 0)
	b.out.Strategy.AllAtOnce = &strategy.AllAtOnce{}
	b.lastDeadline()
}

// bake is as long as a harm that begins at 100 % takes to be seen.
func (b *builder) bake() {
	last := b.out.Steps[len(b.out.Steps)-1]
	length := nice(last.HarmSeenAfter.Std())
	least := 2 * shortBake
	if b.s.DoubleCapacityCost > 0 {
		least = shortBake
	}
	bake := min(max(length, least), longBake)
	switch {
	case last.HarmSeenAfter == 0:
		bake = max(least, shortBake)
		b.because("Bake %s: %s. Only health and a greater harm end it early.", field.FormatDuration(bake), lower(b.unseen(100)))
	case length > longBake:
		b.because("Bake %s, the most that is recommended: %s the errors at 100 %% would be seen within %s only.", field.FormatDuration(bake), times(b.s.Harm), field.FormatDuration(last.HarmSeenAfter.Std()))
	default:
		b.because("Bake %s: %s the errors at 100 %% are seen within %s, and %s is the least.", field.FormatDuration(bake), times(b.s.Harm), field.FormatDuration(last.HarmSeenAfter.Std()), field.FormatDuration(least))
	}
	b.out.Strategy.Bake = field.Duration(bake)
	b.out.Takes += bake
}

// goBack says what going back takes, against what is wanted.
func (b *builder) goBack() {
	s := b.s
	wanted := "no time was asked for"
	if s.GoBackWithin > 0 {
		wanted = fmt.Sprintf("%s is wanted", s.GoBackWithin)
	}
	switch {
	case s.SchemaChange == IncompatibleSchemaChange:
		b.because("Going back: not possible without restoring data (%s).", wanted)
	case !s.SideBySide:
		b.because("Going back: the old version has to be started again, and takes as long as that takes (%s).", wanted)
	case s.SpareCapacity >= 1 && s.GoBackWithin > 0 && s.GoBackWithin.Std() < look:
		b.because("Going back: one move of the traffic, since the old version stays whole until the end of the bake; but the judge looks every %s, so %s is not to be had from it.", field.FormatDuration(look), s.GoBackWithin)
	case s.SpareCapacity >= 1:
		b.because("Going back: one move of the traffic, since the old version stays whole until the end of the bake (%s).", wanted)
	default:
		b.because("Going back: one move of the traffic up to a weight of %s, which is what is spare; above it the old version gives up capacity and has to be started again first, so the wanted time holds only if that is quicker (%s). A spare capacity of 100 %% would keep it whole.",
			percent(100*s.SpareCapacity), wanted)
	}
}

// cost says what keeping both versions costs.
func (b *builder) cost() {
	if b.s.DoubleCapacityCost == 0 || b.s.SpareCapacity < 1 || !b.s.SideBySide {
		return
	}
	b.because("Cost: both versions run for about %s, which is about %s at %s an hour of double capacity.", field.FormatDuration(b.out.Takes),
		number(b.s.DoubleCapacityCost*b.out.Takes.Hours()), number(b.s.DoubleCapacityCost))
}

// number writes a number with at most three digits after the point, and thousands
// set apart.
func number(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	if v < 100 {
		text = strconv.FormatFloat(v, 'g', 3, 64)
		return text
	}
	digits := []byte(text)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits)
}

func percent(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) + " %" }

func times(v float64) string {
	if v == 2 {
		return "twice"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + " times"
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }
