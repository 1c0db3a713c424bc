package haproxy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// canDo says what of a traffic state this HAProxy cannot do.
func (t *Target) canDo(s target.TrafficState) error {
	lacks := s.Lacks(target.Capabilities{Cohorts: t.config.CohortMap != ""})
	if len(lacks) == 0 {
		return nil
	}
	e := &target.Error{Code: target.CodeUnsupported, Message: "this HAProxy has not the capability " + strings.Join(lacks, " and "),
		Remedy: "choose a strategy without it"}
	if slices.Contains(lacks, "cohorts") {
		e.Remedy = "name a map for cohorts in the target, cohort_map = \"/etc/haproxy/cohorts.map\", and " + mapRemedy("/etc/haproxy/cohorts.map") + "; or choose a strategy without cohorts"
	}
	return e
}

// mapRemedy says what to write into haproxy.cfg.
func mapRemedy(name string) string {
	return fmt.Sprintf("let each backend of the target look it up: \"http-request set-var(txn.sluice) req.hdrs,map_reg(%s)\", and \"use-server SERVER if { var(txn.sluice) -m str blue }\" and green for the servers of the arms; the file must be there, and may be empty", name)
}

func (t *Target) noMap() error {
	return &target.Error{Code: target.CodeNotFound, Message: "HAProxy has no map of the name " + t.config.CohortMap, Remedy: mapRemedy(t.config.CohortMap)}
}

// routed gives the commands that send a cohort, or nobody, to the canary; none
// where it is so.
func (t *Target) routed(s sight, c *target.Cohort) []string {
	if !s.Map.Loaded || !s.foreign && s.cohort.Same(c) {
		return nil
	}
	var entries []haproxy.Entry
	if c != nil {
		entries = append(entries, haproxy.CohortEntry(*c, s.canary))
	}
	return haproxy.SetMap(t.config.CohortMap, entries)
}

// takes says in words which traffic of users the canary has, empty for none.
func (s sight) takes() string {
	switch {
	case s.canary != "" && s.share > 0:
		return fmt.Sprintf("%g %% of the traffic", s.share)
	case s.cohort != nil:
		return "the traffic of the cohort " + s.cohort.String()
	}
	return ""
}
