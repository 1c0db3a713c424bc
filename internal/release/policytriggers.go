package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Trigger is what may turn a rollout back by itself.
type Trigger string

// The triggers.
const (
	// TriggerHarm is the judge's verdict of harm.
	TriggerHarm Trigger = "harm"
	// TriggerHealth is the target's word that the new artifact is unhealthy, as it
	// also says of one that crashes again and again.
	TriggerHealth Trigger = "health"
	// TriggerFailedCheck is a check of the strategy that failed.
	TriggerFailedCheck Trigger = "failed_check"
	// TriggerBurnRate is an error budget that the new artifact spends too quickly.
	TriggerBurnRate Trigger = "burn_rate"
	// TriggerErrorCeiling is a share of bad events that the new artifact must not exceed.
	TriggerErrorCeiling Trigger = "error_ceiling"
	// TriggerExternal is something that a signal counts.
	TriggerExternal Trigger = "external"
)

// During says in which part of a rollout a trigger is on.
type During string

// The parts. An empty During is DuringBoth.
const (
	DuringBoth  During = "both"
	DuringSteps During = "steps"
	DuringBake  During = "bake"
	DuringNever During = "never"
)

// Durings lists the parts in the order of the documentation.
func Durings() []string {
	return []string{string(DuringBoth), string(DuringSteps), string(DuringBake), string(DuringNever)}
}

// on is whether the trigger is on now.
func (d During) on(baking bool) bool {
	switch d {
	case DuringSteps:
		return !baking
	case DuringBake:
		return baking
	case DuringNever:
		return false
	default:
		return true
	}
}

// Triggers says what may turn a rollout back. Harm, Health and FailedCheck are on
// where they are nil, the others off.
type Triggers struct {
	Harm         *TriggerSwitch      `json:"harm,omitempty"`
	Health       *TriggerSwitch      `json:"health,omitempty"`
	FailedCheck  *TriggerSwitch      `json:"failed_check,omitempty"`
	BurnRate     *BurnRate           `json:"burn_rate,omitempty"`
	ErrorCeiling *ErrorCeiling       `json:"error_ceiling,omitempty"`
	External     map[string]External `json:"external,omitempty"`
}

// TriggerSwitch turns a trigger on or off.
type TriggerSwitch struct {
	During During `json:"during,omitempty"`
}

// BurnRate watches how quickly the new artifact spends the error budget of an
// objective: the share of its bad events, divided by the share that the objective
// allows. It fires when that is at least Factor over both ranges of one window.
//
// The defaults are the two paging alerts that the Google SRE workbook recommends
// (chapter 5, "Alerting on SLOs", multiwindow, multi-burn-rate alerts): 14.4 over 1 h and 5 m (2 % of a 30-day budget
// spent in an hour), 6 over 6 h and 30 m (5 % in six hours).
type BurnRate struct {
	During During `json:"during,omitempty"`
	// Metric is the one that counts bad events; empty takes DefaultTriggerMetric.
	Metric string `json:"metric,omitempty"`
	// Ceiling is the share of bad events that the objective allows, above 0 and below
	// 1; nil takes the service's error_ceiling.
	Ceiling *float64 `json:"ceiling,omitempty"`
	// Windows are the pairs of ranges; none takes the workbook's.
	Windows []BurnWindow `json:"windows,omitempty"`
	// MinRequests is how many events the long range must hold before it says
	// anything, 1 or more; nil takes DefaultMinRequests.
	MinRequests *int64 `json:"min_requests,omitempty"`
}

// BurnWindow is one pair of ranges: the long one says that it matters, the short
// one that it still goes on. The part of a range in which the new artifact had no
// traffic yet spent nothing, so a steady share of bad events fires after
// Long * Factor * Ceiling / share at the earliest: with the defaults and an objective
// of 99.9 %, after 52 s when all fails and after 4 min when a fifth does.
type BurnWindow struct {
	Long   field.Duration `json:"long"`
	Short  field.Duration `json:"short"`
	Factor float64        `json:"factor"`
}

// ErrorCeiling fires when the share of the new artifact's bad events is above it.
type ErrorCeiling struct {
	During During `json:"during,omitempty"`
	// Metric is as in BurnRate.
	Metric string `json:"metric,omitempty"`
	// Share is above 0 and below 1.
	Share float64 `json:"share"`
	// Over is the range that is counted; 0 takes DefaultCeilingOver.
	Over field.Duration `json:"over,omitempty"`
	// MinRequests is how many events the range must hold, 1 or more; nil takes
	// DefaultMinRequests.
	MinRequests *int64 `json:"min_requests,omitempty"`
}

// External fires when a signal counts any bad event, of whichever arm, between two
// looks.
type External struct {
	During During `json:"during,omitempty"`
	// Signal is the release's signal that counts, Metric what it counts.
	Signal string `json:"signal"`
	Metric string `json:"metric"`
}

// Defaults of the triggers.
const (
	DefaultTriggerMetric = "errors"
	DefaultMinRequests   = 100
	DefaultCeilingOver   = 5 * time.Minute
	// MaxTriggerRange is the longest range that a trigger looks back over, MaxWindows
	// how many windows a burn rate may have.
	MaxTriggerRange = 72 * time.Hour
	MaxWindows      = 8
)

// workbookWindows are the defaults of BurnRate.
func workbookWindows() []BurnWindow {
	return []BurnWindow{
		{Long: field.Duration(time.Hour), Short: field.Duration(5 * time.Minute), Factor: 14.4},
		{Long: field.Duration(6 * time.Hour), Short: field.Duration(30 * time.Minute), Factor: 6},
	}
}

func (t *Triggers) normalize() *Triggers {
	out := *t
	if t.BurnRate != nil {
		b := *t.BurnRate
		b.Metric, b.MinRequests = orMetric(b.Metric), orMin(b.MinRequests)
		if len(b.Windows) == 0 {
			b.Windows = workbookWindows()
		}
		out.BurnRate = &b
	}
	if t.ErrorCeiling != nil {
		c := *t.ErrorCeiling
		c.Metric, c.MinRequests = orMetric(c.Metric), orMin(c.MinRequests)
		if c.Over == 0 {
			c.Over = field.Duration(DefaultCeilingOver)
		}
		out.ErrorCeiling = &c
	}
	return &out
}

func orMetric(name string) string {
	if name == "" {
		return DefaultTriggerMetric
	}
	return name
}

func orMin(n *int64) *int64 {
	if n == nil {
		least := int64(DefaultMinRequests)
		return &least
	}
	return n
}

// during says when a trigger is on. External triggers are asked by name.
func (p Policy) during(t Trigger, name string) During {
	if p.Triggers == nil {
		p.Triggers = &Triggers{}
	}
	of := func(s *TriggerSwitch) During {
		if s == nil {
			return DuringBoth
		}
		return s.During
	}
	switch t {
	case TriggerHarm:
		return of(p.Triggers.Harm)
	case TriggerHealth:
		return of(p.Triggers.Health)
	case TriggerFailedCheck:
		return of(p.Triggers.FailedCheck)
	case TriggerBurnRate:
		if b := p.Triggers.BurnRate; b != nil {
			return b.During
		}
	case TriggerErrorCeiling:
		if c := p.Triggers.ErrorCeiling; c != nil {
			return c.During
		}
	case TriggerExternal:
		if e, ok := p.Triggers.External[name]; ok {
			return e.During
		}
	}
	return DuringNever
}

// allows is whether the engine may go back by itself for this trigger, now that
// the rollout bakes or does not. Limits that depend on the history are not in it.
func (p Policy) allows(t Trigger, name string, baking bool) bool {
	return p.automatic() && (!baking || p.duringBake()) && p.during(t, name).on(baking)
}

// On lists in words the triggers that may turn a rollout back, in order.
func (p Policy) On(baking bool) []string {
	var out []string
	for _, t := range []Trigger{TriggerHarm, TriggerHealth, TriggerFailedCheck, TriggerBurnRate, TriggerErrorCeiling} {
		if p.allows(t, "", baking) {
			out = append(out, string(t))
		}
	}
	for _, name := range p.externals() {
		if p.allows(TriggerExternal, name, baking) {
			out = append(out, fmt.Sprintf("%s %q", TriggerExternal, name))
		}
	}
	return out
}

// externals lists the names of the external triggers, sorted.
func (p Policy) externals() []string {
	if p.Triggers == nil {
		return nil
	}
	var names []string
	for name := range p.Triggers.External {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// list writes what is there for people: "harm, health and failed_check".
func list(words []string) string {
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}
