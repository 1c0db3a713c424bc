package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

// SecurityGroup is a security group of AWS whose rules must be as declared: those, and
// no others.
type SecurityGroup struct {
	// AWS says where it is and by whose right it is read: awscloud.Settings. It is
	// checked by whoever reads.
	AWS json.RawMessage `json:"aws"`
	// ID is "sg-0a1b2c3d4e5f60718".
	ID string `json:"group_id"`
	// Ingress and Egress hold all rules of their direction. One that is nil is not
	// compared; one that is empty means that there are none.
	Ingress *[]Rule `json:"ingress,omitempty"`
	Egress  *[]Rule `json:"egress,omitempty"`
}

// MaxRules is how many rules a group may have: AWS allows no more on an interface.
const MaxRules = 1000

// MaxGroups is how many groups a check may have.
const MaxGroups = 100

// SeenGroup is what reading a group gave: all its rules, or why nobody can tell. A
// group that is not there is ErrGone.
type SeenGroup struct {
	Rules []SeenRule
	// Owner is the account of the group.
	Owner string
	Err   error
}

// SeenRule is a rule as it is.
type SeenRule struct {
	Direction string
	Rule
}

// directed are the declared rules by their directions.
func (g SecurityGroup) directed() map[string]*[]Rule {
	return map[string]*[]Rule{Ingress: g.Ingress, Egress: g.Egress}
}

func (g SecurityGroup) validate() field.Errors {
	var errs field.Errors
	if len(g.AWS) == 0 {
		errs = append(errs, field.Error{Path: "aws", Msg: "it does not say where the group is; for example aws = { region = \"eu-central-1\" }"})
	}
	if !groupID.MatchString(g.ID) {
		errs = append(errs, field.Error{Path: "group_id", Msg: fmt.Sprintf("%.80q is not the id of a security group; for example \"sg-0a1b2c3d4e5f60718\"", g.ID)})
	}
	if g.Ingress == nil && g.Egress == nil {
		errs = append(errs, field.Error{Msg: "no rules are declared, so nothing would be compared; for example ingress = [], if the group has none"})
	}
	total := 0
	for _, direction := range []string{Ingress, Egress} {
		if rules := g.directed()[direction]; rules != nil {
			total += len(*rules)
			errs = append(errs, g.validateRules(direction, *rules)...)
		}
	}
	if total > MaxRules {
		errs = append(errs, field.Error{Msg: fmt.Sprintf("there are %d rules; at most %d are compared, which is as many as AWS allows on one interface; join some, for example with a prefix list", total, MaxRules)})
	}
	return errs
}

func (g SecurityGroup) validateRules(direction string, rules []Rule) field.Errors {
	var errs field.Errors
	seen := map[ruleKey]int{}
	ids := map[string]int{}
	for i, r := range rules {
		at := fmt.Sprintf("%s[%d]", direction, i)
		// The account is not known before the group is read.
		k, wrong := r.key(direction, g.ID, "")
		errs = append(errs, wrong.Under(at)...)
		if r.ID != "" && !ruleID.MatchString(r.ID) {
			errs = append(errs, field.Error{Path: at + ".security_group_rule_id", Msg: fmt.Sprintf("%.80q is not the id of a rule; for example \"sgr-0a1b2c3d4e5f60718\"", r.ID)})
		}
		if first, ok := ids[r.ID]; ok && r.ID != "" {
			errs = append(errs, field.Error{Path: at + ".security_group_rule_id", Msg: fmt.Sprintf("%s[%d] has the same id, and no two rules have one; leave one out, for example this", direction, first)})
		}
		ids[r.ID] = i
		if len(wrong) > 0 {
			continue
		}
		if first, ok := seen[k]; ok {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("it is the same rule as %s[%d], %s, and AWS keeps one of them; leave one out, for example %s", direction, first, k, at)})
		}
		seen[k] = i
	}
	return errs
}

// compare holds the rules of a group against the declared ones. What cannot be read
// is one unknown difference, whatever is declared.
func (g SecurityGroup) compare(name string, seen SeenGroup) []Finding {
	if seen.Err != nil {
		return []Finding{notThere(name, g.ID, seen.Err)}
	}
	live, out := map[ruleKey]SeenRule{}, []Finding(nil)
	for _, r := range seen.Rules {
		if rules, known := g.directed()[r.Direction]; known && rules == nil {
			continue
		}
		k, wrong := r.portless().key(r.Direction, g.ID, seen.Owner)
		if len(wrong) > 0 {
			// It could be any rule.
			out = append(out, unreadable(name, fmt.Errorf("the rule %s is of a kind that this version does not know: %w", r.ID, wrong.Err())))
			continue
		}
		live[k] = r
	}
	unmet := map[ruleKey]Rule{}
	for direction, rules := range g.directed() {
		if rules == nil {
			continue
		}
		for _, want := range *rules {
			k, _ := want.key(direction, g.ID, seen.Owner) // It was validated.
			got, ok := live[k]
			if !ok {
				unmet[k] = want
				continue
			}
			delete(live, k)
			out = append(out, described(name, k, want, got)...)
		}
	}
	out = append(out, unexpected(name, unmet, live)...)
	slices.SortStableFunc(out, byPath)
	return out
}

// unexpected tells of the rules that are missing, and of those that are there besides.
// One that is declared with its id, and is another rule now, was changed.
func unexpected(name string, unmet map[ruleKey]Rule, live map[ruleKey]SeenRule) []Finding {
	var out []Finding
	byID := map[string]ruleKey{}
	for k, r := range live {
		byID[r.ID] = k
	}
	for _, k := range slices.SortedFunc(maps.Keys(unmet), byRule) {
		now, ok := byID[unmet[k].ID]
		if unmet[k].ID == "" || !ok {
			out = append(out, ruleFinding(KindMissing, name, k, k.String(), None))
			continue
		}
		f := ruleFinding(KindChanged, name, k, k.String(), now.String())
		f.Note = annotated(live[now])
		f.Severity = gravity(now)
		out = append(out, f)
		delete(live, now)
	}
	for k, r := range live {
		f := ruleFinding(KindExtra, name, k, None, k.String())
		f.Note = annotated(r)
		f.Severity = gravity(k)
		out = append(out, f)
	}
	return out
}

// gravity is how much a rule that nobody declared matters, unless the author says
// otherwise: one that lets the world in is the gravest.
func gravity(k ruleKey) Severity {
	if k.open() {
		return SeverityHigh
	}
	return ""
}

func ruleFinding(kind Kind, name string, k ruleKey, expected, observed string) Finding {
	f := Finding{Difference: Difference{Path: name + "." + k.path(), Expected: expected, Observed: observed}, Kind: kind, digest: hash(observed)}
	f.Digest = f.digest
	return f
}

// annotated says which rule it is, so that a person finds it.
func annotated(r SeenRule) string {
	text := r.ID
	if r.Description != nil && *r.Description != "" {
		text += " " + jsonvalue.Clip(strconv.Quote(*r.Description))
	}
	return text
}

// described compares the description, where one is declared.
func described(name string, k ruleKey, want Rule, got SeenRule) []Finding {
	is := ""
	if got.Description != nil {
		is = *got.Description
	}
	if want.Description == nil || *want.Description == is {
		return nil
	}
	f := ruleFinding(KindChanged, name, k, strconv.Quote(*want.Description), strconv.Quote(is))
	f.Path += ".description"
	f.Note = got.ID
	return []Finding{f}
}

func byPath(a, b Finding) int {
	switch {
	case a.Path < b.Path:
		return -1
	case a.Path > b.Path:
		return 1
	}
	return 0
}

func byRule(a, b ruleKey) int {
	return byPath(Finding{Difference: Difference{Path: a.path()}}, Finding{Difference: Difference{Path: b.path()}})
}
