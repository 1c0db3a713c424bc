package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	webGroup   = "sg-0a1b2c3d4e5f60718"
	otherGroup = "sg-00000000000000001"
	owner      = "123456789012"
)

func port(n int) *int { return &n }

// tcp is a rule for a port and a block of IPv4.
func tcp(n int, block string) drift.Rule {
	return drift.Rule{Protocol: "tcp", From: port(n), To: port(n), IPv4: block}
}

func rules(r ...drift.Rule) *[]drift.Rule { return &r }

func group(ingress, egress *[]drift.Rule) drift.SecurityGroup {
	return drift.SecurityGroup{AWS: json.RawMessage(`{"region":"eu-central-1"}`), ID: webGroup, Ingress: ingress, Egress: egress}
}

// looked is the report of a release that serves what it should, beside one group.
func looked(t *testing.T, check drift.Check, g drift.SecurityGroup, seen drift.SeenGroup) drift.Report {
	t.Helper()
	check.SecurityGroups = map[string]drift.SecurityGroup{"web": g}
	seen.Owner = owner
	return drift.Assess(history(t, adopted()...), drift.Seen{
		Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)},
		Groups:      map[string]drift.SeenGroup{"web": seen},
	}, check, now)
}

func in(r drift.Rule, id string) drift.SeenRule {
	r.ID = id
	return drift.SeenRule{Direction: drift.Ingress, Rule: r}
}

// lines are the differences with their kinds and severities.
func lines(r drift.Report) []string {
	out := []string{}
	for _, f := range r.Differences {
		out = append(out, fmt.Sprintf("%s %s %s", f.Kind, f.Severity, f.Difference))
	}
	return out
}

// Two rules that let the same through are one, in whatever words.
func TestRulesAreOneInAnyWords(t *testing.T) {
	for name, c := range map[string][2]drift.Rule{
		"a number for tcp":         {{Protocol: "6", From: port(1), To: port(2), IPv4: "10.0.0.0/8"}, {Protocol: "TCP", From: port(1), To: port(2), IPv4: "10.0.0.0/8"}},
		"all":                      {{Protocol: "all", IPv4: "0.0.0.0/0"}, {Protocol: "-1", From: port(-1), To: port(-1), IPv4: "0.0.0.0/0"}},
		"all as it used to be":     {{Protocol: "-1", From: port(0), To: port(0), IPv4: "0.0.0.0/0"}, {Protocol: "-1", From: port(-1), To: port(-1), IPv4: "0.0.0.0/0"}},
		"any ping":                 {{Protocol: "icmp", IPv4: "10.0.0.0/8"}, {Protocol: "1", From: port(-1), To: port(-1), IPv4: "10.0.0.0/8"}},
		"icmpv6":                   {{Protocol: "58", From: port(128), IPv6: "2001:db8::/32"}, {Protocol: "icmpv6", From: port(128), To: port(-1), IPv6: "2001:0db8:0::/32"}},
		"a protocol without ports": {{Protocol: "50", IPv4: "10.0.0.0/8"}, {Protocol: "50", From: port(0), To: port(0), IPv4: "10.0.0.0/8"}},
		"itself":                   {{Protocol: "-1", Self: true}, {Protocol: "-1", Group: owner + "/" + webGroup}},
		"the account's own":        {{Protocol: "-1", Group: otherGroup}, {Protocol: "-1", Group: owner + "/" + otherGroup}},
		"a prefix list":            {{Protocol: "-1", PrefixList: "pl-6da54004"}, {Protocol: "-1", PrefixList: "pl-6da54004"}},
		"another account's":        {{Protocol: "-1", Group: "999999999999/" + otherGroup}, {Protocol: "-1", Group: "999999999999/" + otherGroup}},
	} {
		t.Run(name, func(t *testing.T) {
			g := group(rules(c[0]), nil)
			if errs := valid(g); len(errs) > 0 {
				t.Fatal(errs)
			}
			if r := looked(t, drift.Check{}, g, drift.SeenGroup{Rules: []drift.SeenRule{in(c[1], "sgr-1")}}); r.Status != drift.StatusClean {
				t.Errorf("%s: %q", r.Status, lines(r))
			}
			r := looked(t, drift.Check{}, group(rules(), nil), drift.SeenGroup{Rules: []drift.SeenRule{in(c[1], "sgr-1")}})
			if r.Status != drift.StatusDrifted || len(r.Differences) != 1 {
				t.Fatalf("one too many is %s: %q", r.Status, lines(r))
			}
			// Whoever wants to may name it in severity, ignore and accepted.
			path := r.Differences[0].Path
			if r = looked(t, drift.Check{Severity: map[string]drift.Severity{path: drift.SeverityLow}}, group(rules(), nil), drift.SeenGroup{Rules: []drift.SeenRule{in(c[1], "sgr-1")}}); r.Severity != drift.SeverityLow {
				t.Errorf("%s is %s though the author says low", path, r.Severity)
			}
			check := drift.Check{Name: "a@b", Severity: map[string]drift.Severity{path: drift.SeverityLow}, Release: release.Key{Service: "a", Environment: "b"}}
			if errs := check.Validate(); len(errs) > 0 {
				t.Errorf("the path cannot be named: %v", errs)
			}
		})
	}
}

// What is missing, what is there besides and what was changed, each with its severity:
// a rule that lets the world in is the gravest.
func TestRulesThatDiffer(t *testing.T) {
	described := tcp(443, "10.0.0.0/8")
	text, other := "https", "temporary"
	described.Description = &text
	withID := tcp(443, "10.0.0.0/8")
	withID.ID = "sgr-0a1b2c3d4e5f60718"
	foreign := tcp(443, "10.0.0.0/8")
	foreign.Description = &other
	for name, c := range map[string]struct {
		declared *[]drift.Rule
		seen     []drift.SeenRule
		want     []string
	}{
		"none missing":      {rules(tcp(443, "10.0.0.0/8")), []drift.SeenRule{in(tcp(443, "10.0.0.0/8"), "sgr-1")}, nil},
		"missing":           {rules(tcp(443, "10.0.0.0/8")), nil, []string{"missing medium web.ingress.tcp.443.10-0-0-0_8: expected tcp 443 from 10.0.0.0/8, observed none"}},
		"open to the world": {rules(), []drift.SeenRule{in(tcp(22, "0.0.0.0/0"), "sgr-1")}, []string{"extra high web.ingress.tcp.22.0-0-0-0_0: expected none, observed tcp 22 from 0.0.0.0/0"}},
		"open by halves":    {rules(), []drift.SeenRule{in(tcp(22, "128.0.0.0/1"), "sgr-1")}, []string{"extra high web.ingress.tcp.22.128-0-0-0_1: expected none, observed tcp 22 from 128.0.0.0/1"}},
		"open to IPv6":      {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "-1", IPv6: "::/0"}, "sgr-1")}, []string{"extra high web.ingress.all.all.--_0: expected none, observed all traffic from ::/0"}},
		"open to all of IPv6 that is": {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "-1", IPv6: "2000::/3"}, "sgr-1")},
			[]string{"extra high web.ingress.all.all.2000--_3: expected none, observed all traffic from 2000::/3"}},
		"a private network of IPv6": {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "-1", IPv6: "fc00::/7"}, "sgr-1")},
			[]string{"extra medium web.ingress.all.all.fc00--_7: expected none, observed all traffic from fc00::/7"}},
		"a private network": {rules(), []drift.SeenRule{in(tcp(22, "10.0.0.0/8"), "sgr-1")}, []string{"extra medium web.ingress.tcp.22.10-0-0-0_8: expected none, observed tcp 22 from 10.0.0.0/8"}},
		"a range": {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "udp", From: port(1), To: port(9), Self: true}, "sgr-1")},
			[]string{"extra medium web.ingress.udp.1-9.self: expected none, observed udp 1 to 9 from the group itself"}},
		"a ping": {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "icmp", From: port(8), To: port(0), IPv4: "10.0.0.0/8"}, "sgr-1")},
			[]string{"extra medium web.ingress.icmp.8-0.10-0-0-0_8: expected none, observed icmp type 8 code 0 from 10.0.0.0/8"}},
		"another group's account": {rules(drift.Rule{Protocol: "-1", Group: otherGroup}), []drift.SeenRule{in(drift.Rule{Protocol: "-1", Group: "999999999999/" + otherGroup}, "sgr-1")}, []string{
			"extra medium web.ingress.all.all.999999999999_" + otherGroup + ": expected none, observed all traffic from 999999999999/" + otherGroup,
			"missing medium web.ingress.all.all." + otherGroup + ": expected all traffic from " + otherGroup + ", observed none"}},
		"a description": {rules(described), []drift.SeenRule{in(foreign, "sgr-1")},
			[]string{`changed medium web.ingress.tcp.443.10-0-0-0_8.description: expected "https", observed "temporary"`}},
		"a description that nobody declared": {rules(tcp(443, "10.0.0.0/8")), []drift.SeenRule{in(foreign, "sgr-1")}, nil},
		"edited": {rules(withID), []drift.SeenRule{in(tcp(443, "0.0.0.0/0"), withID.ID)},
			[]string{"changed high web.ingress.tcp.443.10-0-0-0_8: expected tcp 443 from 10.0.0.0/8, observed tcp 443 from 0.0.0.0/0"}},
		"of a kind that nobody knows": {rules(), []drift.SeenRule{in(drift.Rule{Protocol: "-1"}, "sgr-1")}, []string{"unknown medium web: expected readable, observed unknown"}},
		"of the other direction":      {rules(), []drift.SeenRule{{Direction: drift.Egress, Rule: drift.Rule{Protocol: "-1", IPv4: "0.0.0.0/0"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := looked(t, drift.Check{}, group(c.declared, nil), drift.SeenGroup{Rules: c.seen})
			if diff := cmp.Diff(append([]string{}, c.want...), lines(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (len(c.want) == 0) != (r.Status == drift.StatusClean) {
				t.Errorf("the status is %s", r.Status)
			}
			for _, f := range r.Differences {
				if f.Repairable() {
					t.Errorf("%s is to be repaired", f)
				}
			}
		})
	}
	everywhere := drift.SeenRule{Direction: drift.Egress, Rule: drift.Rule{Protocol: "-1", IPv4: "0.0.0.0/0"}}
	if r := looked(t, drift.Check{}, group(nil, rules()), drift.SeenGroup{Rules: []drift.SeenRule{everywhere}}); r.Severity != drift.SeverityMedium {
		t.Errorf("what goes out is %s: %q", r.Severity, lines(r))
	}
}

// What nobody read is unknown, and what is surely not there is a difference.
func TestAGroupThatCannotBeRead(t *testing.T) {
	g := group(rules(), rules())
	for name, c := range map[string]struct {
		seen   drift.SeenGroup
		status drift.Status
		says   string
	}{
		"throttled": {drift.SeenGroup{Err: fmt.Errorf("EC2 is throttled")}, drift.StatusUnknown, "unable to read web: EC2 is throttled"},
		"gone":      {drift.SeenGroup{Err: fmt.Errorf("there is no such group: %w", drift.ErrGone)}, drift.StatusDrifted, "web: expected " + webGroup + ", observed none"},
	} {
		r := looked(t, drift.Check{}, g, c.seen)
		if r.Status != c.status || !strings.Contains(r.Reason+r.Markdown()+fmt.Sprint(lines(r)), c.says) {
			t.Errorf("%s: %s, %q, %q", name, r.Status, r.Reason, lines(r))
		}
	}
	unread := drift.Assess(history(t, adopted()...), drift.Seen{Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}},
		drift.Check{SecurityGroups: map[string]drift.SecurityGroup{"web": g}, Resources: map[string]drift.Resource{"orders": {}}}, now)
	if unread.Status != drift.StatusUnknown || len(unread.Differences) != 2 {
		t.Errorf("what nobody read is %s: %q", unread.Status, lines(unread))
	}
}

func valid(g drift.SecurityGroup) field.Errors {
	check := drift.Check{Name: "a@b", Release: release.Key{Service: "a", Environment: "b"}, SecurityGroups: map[string]drift.SecurityGroup{"web": g}}
	return check.Validate()
}

// Each mistake has its message, on its path.
func TestGroupsThatAreWrong(t *testing.T) {
	many := make([]drift.Rule, drift.MaxRules+1)
	for i := range many {
		many[i] = tcp(i, "10.0.0.0/8")
	}
	withID := func(n int) drift.Rule {
		r := tcp(n, "10.0.0.0/8")
		r.ID = "sgr-0a1b2c3d4e5f60718"
		return r
	}
	for want, g := range map[string]drift.SecurityGroup{
		`security_groups["web"].aws: it does not say where the group is`:                                  {ID: webGroup, Ingress: rules()},
		`security_groups["web"].group_id: "web" is not the id of a security group`:                        {AWS: json.RawMessage(`{}`), ID: "web", Ingress: rules()},
		`security_groups["web"]: no rules are declared`:                                                   group(nil, nil),
		`security_groups["web"]: there are 1001 rules; at most 1000`:                                      group(&many, nil),
		`ingress[1]: it is the same rule as ingress[0], tcp 443 from 10.0.0.0/8, and AWS keeps one`:       group(rules(tcp(443, "10.0.0.0/8"), drift.Rule{Protocol: "6", From: port(443), To: port(443), IPv4: "10.0.0.0/8"}), nil),
		`egress[1]: it is the same rule as egress[0], all traffic to the group itself`:                    group(nil, rules(drift.Rule{Protocol: "-1", Self: true}, drift.Rule{Protocol: "all", Group: webGroup})),
		`ingress[1].security_group_rule_id: ingress[0] has the same id`:                                   group(rules(withID(1), withID(2)), nil),
		`ingress[0].security_group_rule_id: "x" is not the id of a rule`:                                  group(rules(drift.Rule{Protocol: "-1", Self: true, ID: "x"}), nil),
		`ingress[0].cidr_ipv4: "10.1.2.3/8" has bits set beyond the first 8`:                              group(rules(tcp(443, "10.1.2.3/8")), nil),
		`name that, for example "10.0.0.0/8"`:                                                             group(rules(tcp(443, "10.1.2.3/8")), nil),
		`ingress[0].cidr_ipv4: "10.0.0.1" is not`:                                                         group(rules(tcp(443, "10.0.0.1")), nil),
		`ingress[0].cidr_ipv4: "::/0" is a block of the other version of IP`:                              group(rules(tcp(443, "::/0")), nil),
		`ingress[0].cidr_ipv6: "10.0.0.0/8" is a block of the other version of IP; for example cidr_ipv6`: group(rules(drift.Rule{Protocol: "-1", IPv6: "10.0.0.0/8"}), nil),
		`ingress[0].prefix_list_id: "x" is not`:                                                           group(rules(drift.Rule{Protocol: "-1", PrefixList: "x"}), nil),
		`ingress[0].referenced_security_group_id: "x"`:                                                    group(rules(drift.Rule{Protocol: "-1", Group: "x"}), nil),
		`ingress[0]: exactly one of cidr_ipv4`:                                                            group(rules(drift.Rule{Protocol: "-1", Self: true, IPv4: "10.0.0.0/8"}), nil),
		`ingress[0].ip_protocol: "http" is not a`:                                                         group(rules(drift.Rule{Protocol: "http", Self: true}), nil),
		`ingress[0].from_port: tcp needs both`:                                                            group(rules(drift.Rule{Protocol: "tcp", Self: true}), nil),
		`ingress[0].from_port: 70000 is not a port`:                                                       group(rules(tcp(70000, "10.0.0.0/8")), nil),
		`ingress[0].to_port: 1 is not a port from from_port, 2,`:                                          group(rules(drift.Rule{Protocol: "tcp", From: port(2), To: port(1), Self: true}), nil),
		`ingress[0].from_port: 300 is not a type of icmp`:                                                 group(rules(drift.Rule{Protocol: "icmp", From: port(300), Self: true}), nil),
		`ingress[0].to_port: 3 is not a code of the type -1`:                                              group(rules(drift.Rule{Protocol: "icmp", To: port(3), Self: true}), nil),
		`ingress[0].from_port: the protocol -1 has no ports`:                                              group(rules(drift.Rule{Protocol: "-1", From: port(22), To: port(22), Self: true}), nil),
	} {
		errs := valid(g)
		if len(errs) != 1 || !strings.Contains(errs.Err().Error(), want) {
			t.Errorf("%v, want %q", errs, want)
		}
	}
}

// Blocks that overlap and are written as AWS keeps them are rules of their own, as in AWS.
func TestOverlappingBlocksAreTwoRules(t *testing.T) {
	g := group(rules(tcp(443, "10.0.0.0/8"), tcp(443, "10.1.0.0/16")), nil)
	if errs := valid(g); len(errs) > 0 {
		t.Fatal(errs)
	}
	r := looked(t, drift.Check{}, g, drift.SeenGroup{Rules: []drift.SeenRule{in(tcp(443, "10.0.0.0/8"), "sgr-1")}})
	if got := lines(r); len(got) != 1 || !strings.HasPrefix(got[0], "missing medium web.ingress.tcp.443.10-1-0-0_16") {
		t.Errorf("%q", got)
	}
}
