package drift

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Rule is one rule of a security group, in the words of the AWS provider's
// aws_vpc_security_group_ingress_rule. Exactly one of its peers is set.
type Rule struct {
	// Protocol is "tcp", "udp", "icmp", "icmpv6", "all", or a number as text; "-1" is
	// "all", too.
	Protocol string `json:"ip_protocol"`
	// From and To are ports from 0 to 65535, both included, or type and code of ICMP,
	// of which -1 is any. Only tcp, udp, icmp and icmpv6 have them.
	From *int `json:"from_port,omitempty"`
	To   *int `json:"to_port,omitempty"`

	IPv4       string `json:"cidr_ipv4,omitempty"`
	IPv6       string `json:"cidr_ipv6,omitempty"`
	PrefixList string `json:"prefix_list_id,omitempty"`
	// Group is "sg-..." or, of another account, "123456789012/sg-...".
	Group string `json:"referenced_security_group_id,omitempty"`
	Self  bool   `json:"self,omitempty"`

	// Description is compared where it is declared.
	Description *string `json:"description,omitempty"`
	// ID is AWS's own, "sgr-...". Where it is declared, a rule that somebody changed is
	// told as changed, and not as one that is missing and another that is extra.
	ID string `json:"security_group_rule_id,omitempty"`
}

// The directions of rules.
const (
	Ingress = "ingress"
	Egress  = "egress"
)

// Peers and protocols that stand for more than one.
const (
	everything = "all"
	itself     = "self"
)

// ruleKey is what a rule lets through. Two rules of a group are one and the same when
// their keys are.
type ruleKey struct {
	direction, protocol string
	// from and to are -1 where there are no ports.
	from, to int
	peer     string
}

var (
	groupID      = pattern.New(`^sg-[0-9a-f]{8,17}$`)
	groupOfOther = pattern.New(`^([0-9]{12})/(sg-[0-9a-f]{8,17})$`)
	prefixListID = pattern.New(`^pl-[0-9a-f]{8,17}$`)
	ruleID       = pattern.New(`^sgr-[0-9a-f]{8,17}$`)
)

// protocols are those that have names, by their numbers.
var protocols = map[string]string{"-1": everything, "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}

// protocol gives the one name of a protocol; empty where it is none.
func (r Rule) protocol() string {
	text := strings.ToLower(r.Protocol)
	if name, ok := protocols[text]; ok {
		return name
	}
	switch text {
	case everything, "icmp", "tcp", "udp", "icmpv6":
		return text
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 255 && strconv.Itoa(n) == text {
		return text
	}
	return ""
}

// key is what the rule lets through. owner is the account of the group and group its
// id, both empty where nobody knows them.
func (r Rule) key(direction, group, owner string) (ruleKey, field.Errors) {
	k := ruleKey{direction: direction, protocol: r.protocol()}
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if k.protocol == "" {
		add("ip_protocol", "%.40q is not a protocol; it must be tcp, udp, icmp, icmpv6, all (or -1) or a number from 0 to 255, for example \"tcp\"", r.Protocol)
	} else {
		var problem field.Error
		if k.from, k.to, problem = r.ports(k.protocol); problem.Msg != "" {
			errs = append(errs, problem)
		}
	}
	peer, more := r.peer(group, owner)
	k.peer = peer
	return k, append(errs, more...)
}

// ports gives the range in the one way in which it is compared.
func (r Rule) ports(protocol string) (from, to int, problem field.Error) {
	wrong := func(path, format string, args ...any) (int, int, field.Error) {
		return 0, 0, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)}
	}
	switch protocol {
	case "tcp", "udp":
		const example = "; for example from_port = 443, to_port = 443, or 0 and 65535 for all"
		switch {
		case r.From == nil || r.To == nil:
			return wrong("from_port", "%s needs both from_port and to_port%s", protocol, example)
		case *r.From < 0 || *r.From > 65535:
			return wrong("from_port", "%d is not a port; it must be from 0 to 65535%s", *r.From, example)
		case *r.To < *r.From || *r.To > 65535:
			return wrong("to_port", "%d is not a port from from_port, %d, to 65535%s", *r.To, *r.From, example)
		}
		return *r.From, *r.To, problem
	case "icmp", "icmpv6":
		from, to = -1, -1
		if r.From != nil {
			from = *r.From
		}
		if r.To != nil {
			to = *r.To
		}
		const example = "; for example from_port = 8, to_port = 0 for echo requests"
		switch {
		case from < -1 || from > 255:
			return wrong("from_port", "%d is not a type of %s; it must be from 0 to 255, or -1 for any%s", from, protocol, example)
		case to < -1 || to > 255 || from == -1 && to != -1:
			return wrong("to_port", "%d is not a code of the type %d of %s; it must be from 0 to 255, or -1 for any%s", to, from, protocol, example)
		}
		return from, to, problem
	}
	// AWS takes ports here and does not heed them.
	for _, port := range []*int{r.From, r.To} {
		if port != nil && *port != -1 && (protocol != everything || *port != 0) {
			return wrong("from_port", "the protocol %s has no ports, and lets everything through whatever they say; leave them out, or name a protocol that has some, for example \"tcp\"", r.Protocol)
		}
	}
	return -1, -1, problem
}

// portless drops the ports of a protocol that has none, which AWS may tell all the same.
func (r Rule) portless() Rule {
	switch r.protocol() {
	case "tcp", "udp", "icmp", "icmpv6":
	default:
		r.From, r.To = nil, nil
	}
	return r
}

const peerExample = "; for example cidr_ipv4 = \"10.0.0.0/8\""

// peer gives the one name of who is on the other side.
func (r Rule) peer(group, owner string) (string, field.Errors) {
	var set []string
	for name, there := range map[string]bool{"cidr_ipv4": r.IPv4 != "", "cidr_ipv6": r.IPv6 != "", "prefix_list_id": r.PrefixList != "", "referenced_security_group_id": r.Group != "", itself: r.Self} {
		if there {
			set = append(set, name)
		}
	}
	if len(set) != 1 {
		return "", field.Errors{{Msg: "exactly one of cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_security_group_id and self says who is on the other side" + peerExample}}
	}
	switch {
	case r.IPv4 != "":
		return block("cidr_ipv4", r.IPv4, netip.Addr.Is4, "10.0.0.0/8")
	case r.IPv6 != "":
		return block("cidr_ipv6", r.IPv6, netip.Addr.Is6, "2001:db8::/32")
	case r.PrefixList != "":
		if !prefixListID.MatchString(r.PrefixList) {
			return "", field.Errors{{Path: "prefix_list_id", Msg: fmt.Sprintf("%.80q is not the id of a prefix list; for example \"pl-6da54004\"", r.PrefixList)}}
		}
		return r.PrefixList, nil
	case r.Self:
		return itself, nil
	}
	account, id := "", r.Group
	if m := groupOfOther.FindStringSubmatch(r.Group); m != nil {
		account, id = m[1], m[2]
	}
	switch {
	case !groupID.MatchString(id):
		return "", field.Errors{{Path: "referenced_security_group_id", Msg: fmt.Sprintf("%.80q is not the id of a security group; for example \"sg-0a1b2c3d4e5f60718\", or \"123456789012/sg-0a1b2c3d4e5f60718\" of another account", r.Group)}}
	case id == group:
		return itself, nil
	case account == "" || account == owner:
		return id, nil
	}
	return account + "/" + id, nil
}

// block gives a CIDR block in its one form.
func block(path, text string, family func(netip.Addr) bool, example string) (string, field.Errors) {
	wrong := func(format string, args ...any) (string, field.Errors) {
		return "", field.Errors{{Path: path, Msg: fmt.Sprintf(format, args...)}}
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return wrong("%.80q is not a CIDR block; it has an address and the number of its bits, for example %q", text, example)
	case !family(p.Addr()):
		return wrong("%.80q is a block of the other version of IP; for example %s = %q", text, path, example)
	case p != p.Masked():
		return wrong("%q has bits set beyond the first %d, so AWS keeps another block than is written; name that, for example %q", text, p.Bits(), p.Masked().String())
	}
	return p.String(), nil
}

// path is where a report has the rule, below the group's name:
// "ingress.tcp.22.0-0-0-0_0". It has no character that a path may not have.
func (k ruleKey) path() string {
	return strings.Join([]string{k.direction, k.protocol, k.ports("-"), strings.NewReplacer(".", "-", ":", "-", "/", "_").Replace(k.peer)}, ".")
}

// ports are "22", "8000-8080", "8-0" for ICMP, and "all" where there are none.
func (k ruleKey) ports(between string) string {
	icmp := k.protocol == "icmp" || k.protocol == "icmpv6"
	switch {
	case k.from == -1:
		return everything
	case icmp && k.to == -1:
		return strconv.Itoa(k.from) + between + everything
	case k.from == k.to && !icmp:
		return strconv.Itoa(k.from)
	}
	return strconv.Itoa(k.from) + between + strconv.Itoa(k.to)
}

// String gives "tcp 22 from 0.0.0.0/0", for people.
func (k ruleKey) String() string {
	what, where := k.protocol+" "+k.ports(" to "), " from "
	switch {
	case k.protocol == everything:
		what = "all traffic"
	case k.from == -1:
		what = "all " + k.protocol
	case k.protocol == "icmp" || k.protocol == "icmpv6":
		what = k.protocol + " type " + strconv.Itoa(k.from)
		if k.to != -1 {
			what += " code " + strconv.Itoa(k.to)
		}
	}
	if k.direction == Egress {
		where = " to "
	}
	peer := k.peer
	if peer == itself {
		peer = "the group itself"
	}
	return what + where + peer
}

// The widest blocks that a network of somebody's own may have: 10.0.0.0/8 is the
// greatest private one, and nobody is assigned more than a few of a /16 of IPv6.
const (
	widestIPv4 = 8
	widestIPv6 = 16
)

// open says whether the rule lets the world in: 0.0.0.0/0 and ::/0, and the halves and
// quarters into which some cut them.
func (k ruleKey) open() bool {
	p, err := netip.ParsePrefix(k.peer)
	if err != nil || k.direction != Ingress {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() < widestIPv4
	}
	return p.Bits() < widestIPv6 && !p.Addr().IsPrivate() && !p.Addr().IsLinkLocalUnicast()
}
