package alb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// none stands for a group where there is none.
const none = -1

// sight is the listeners, rules and tags in the words of a rollout. Groups are told
// by their number in the configuration.
type sight struct {
	memory
	tags   [2]map[string]string
	routes []route
	// base and cand are the arms; cand is none where there is no canary. weight is the
	// canary's, in percent: the mean of all routes, so that one that somebody moved
	// shows.
	base, cand int
	weight     float64
}

// look reads who gets what. With tolerance, as for a revert, routes that are gone
// are left out.
func (t *Target) look(ctx context.Context, tolerant bool) (sight, error) {
	routes, err := t.routes(ctx, tolerant)
	if err != nil {
		return sight{}, err
	}
	tags, err := t.tags(ctx)
	if err != nil {
		return sight{}, err
	}
	return t.config.see(routes, tags), nil
}

// see tells the arms. The weights are the truth; the memory only says what weights
// of 0 and 100 leave open, and only while it agrees with them.
func (c Config) see(routes []route, tags [2]map[string]string) sight {
	s := sight{routes: routes, tags: tags, memory: recall(tags[0][memoryKey]), cand: none}
	if other := recall(tags[1][memoryKey]); other.serial > s.serial {
		s.memory = other
	}
	base, cand := c.group(s.memory.baseline), c.group(s.memory.canary)
	share := [2]float64{s.share(0), s.share(1)}
	switch {
	case share[0] > 0 && share[1] > 0 && base != none:
		s.base, s.cand = base, 1-base
	case share[0] > 0 && share[1] > 0:
		// Somebody shares without us: the greater is what was there before.
		if s.base = 0; share[1] > share[0] {
			s.base = 1
		}
		s.cand = 1 - s.base
	case share[0] == 0 && share[1] == 0 && base != none:
		s.base, s.cand = base, cand
	default:
		serves := 0
		if share[1] > share[0] {
			serves = 1
		}
		switch {
		case cand == serves && base == 1-serves:
			s.base, s.cand = base, cand
		case cand == 1-serves:
			s.base, s.cand = serves, cand
		default:
			s.base = serves
		}
	}
	if s.cand == s.base {
		s.cand = none
	}
	if s.cand != none {
		s.weight = share[s.cand]
	}
	return s
}

// group finds a group by the end of its ARN.
func (c Config) group(id string) int {
	for i, arn := range c.TargetGroups {
		if id != "" && shortID(arn) == id {
			return i
		}
	}
	return none
}

// share is the group's mean share of all routes, in percent.
func (s sight) share(group int) float64 {
	sum, n := 0.0, 0
	for _, r := range s.routes {
		if !r.gone {
			sum, n = sum+r.share(group), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return hundredths(sum / float64(n))
}

// least and most are the group's smallest and greatest share of any route.
func (s sight) extremes(group int) (least, most float64) {
	least, most = math.Inf(1), 0
	for _, r := range s.routes {
		if !r.gone {
			least, most = min(least, r.share(group)), max(most, r.share(group))
		}
	}
	return least, most
}

// routes reads all listeners and rules, in the order of the configuration.
func (t *Target) routes(ctx context.Context, tolerant bool) ([]route, error) {
	var listeners, rules []string
	for _, arn := range t.config.Routes {
		if isRule(arn) {
			rules = append(rules, arn)
		} else {
			listeners = append(listeners, arn)
		}
	}
	found := map[string]route{}
	for _, ask := range []struct {
		arns []string
		read func(context.Context, []string, map[string]route) error
	}{{listeners, t.readListeners}, {rules, t.readRules}} {
		if len(ask.arns) == 0 {
			continue
		}
		err := ask.read(ctx, ask.arns, found)
		if t.kind(err) == awscloud.NotFound {
			// AWS does not say which. Each alone does.
			for _, arn := range ask.arns {
				if err = ask.read(ctx, []string{arn}, found); err != nil && t.kind(err) != awscloud.NotFound {
					break
				}
				err = nil
			}
		}
		if err != nil {
			return nil, t.failed(err, false)
		}
	}
	out := make([]route, 0, len(t.config.Routes))
	for _, arn := range t.config.Routes {
		r, ok := found[arn]
		if !ok {
			if !tolerant {
				return nil, &target.Error{Code: target.CodeNotFound, Message: "there is no " + routeName(arn) + " in " + t.config.Region,
					Remedy: "look at the ARN, and whether the listener or rule was deleted or made anew; Sluice creates none"}
			}
			r = route{arn: arn, gone: true, forward: none}
		}
		out = append(out, r)
	}
	return out, nil
}

func (t *Target) readListeners(ctx context.Context, arns []string, into map[string]route) error {
	c, err := t.balancer(ctx)
	if err != nil {
		return err
	}
	out, err := c.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: arns})
	if err != nil {
		return err
	}
	for _, l := range out.Listeners {
		r := t.config.readRoute(aws.ToString(l.ListenerArn), l.DefaultActions)
		r.protocol = string(l.Protocol)
		into[r.arn] = r
	}
	return nil
}

func (t *Target) readRules(ctx context.Context, arns []string, into map[string]route) error {
	c, err := t.balancer(ctx)
	if err != nil {
		return err
	}
	out, err := c.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: arns})
	if err != nil {
		return err
	}
	for _, l := range out.Rules {
		r := t.config.readRoute(aws.ToString(l.RuleArn), l.Actions)
		r.priority = aws.ToString(l.Priority)
		into[r.arn] = r
	}
	return nil
}

// tags reads those of both groups.
func (t *Target) tags(ctx context.Context) ([2]map[string]string, error) {
	var out [2]map[string]string
	c, err := t.balancer(ctx)
	if err != nil {
		return out, err
	}
	got, err := c.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: t.config.TargetGroups})
	if t.kind(err) == awscloud.NotFound {
		return out, t.noGroup(err)
	}
	if err != nil {
		return out, t.failed(err, false)
	}
	for _, d := range got.TagDescriptions {
		i := t.config.group(shortID(aws.ToString(d.ResourceArn)))
		if i == none {
			continue
		}
		out[i] = map[string]string{}
		for _, tag := range d.Tags {
			out[i][aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return out, nil
}

func (t *Target) noGroup(err error) error {
	return &target.Error{Code: target.CodeNotFound, Message: "one of the target groups " + groupName(t.config.TargetGroups[0]) + " and " + groupName(t.config.TargetGroups[1]) + " is not there in " + t.config.Region,
		Remedy: "look at the ARNs, the region and the account of the credentials; Sluice creates no target groups", Err: err}
}

// scene is a sight with what runs in its arms.
type scene struct {
	sight
	units  [2]unit
	health [2]health
	// minHealthy is the configuration's, as a fraction.
	minHealthy float64
	groups     []string
}

// stage reads what stands behind the groups of a sight.
func (t *Target) stage(ctx context.Context, s sight) (scene, error) {
	out := scene{sight: s, minHealthy: t.config.minHealthy(), groups: t.config.TargetGroups}
	var err error
	if out.units, err = t.fleet.look(ctx, s); err != nil {
		return out, t.failed(err, false)
	}
	for i := range out.health {
		if out.health[i], err = t.health(ctx, i); err != nil {
			return out, err
		}
	}
	if s.memory.baseline == shortID(out.groups[s.base]) {
		out.units[s.base].payload.ConfigurationDigest = s.baselineConfig
	}
	if s.cand != none && s.memory.canary == shortID(out.groups[s.cand]) {
		out.units[s.cand].payload.ConfigurationDigest = s.canaryConfig
	}
	return out, nil
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	s, err := t.look(ctx, false)
	if err != nil {
		return target.Observation{}, err
	}
	sc, err := t.stage(ctx, s)
	if err != nil {
		return target.Observation{}, err
	}
	return sc.observation(), nil
}

func (s scene) observation() target.Observation {
	o := target.Observation{Known: true, Fingerprint: s.fingerprint(), Fence: s.fence, Fields: s.fields(), Leftover: s.cand == none && s.rollout != ""}
	if u := s.units[s.base]; u.payload != (artifact.Payload{}) {
		h := s.health[s.base]
		o.Baseline = &target.ArmState{Payload: u.payload, Name: s.groups[s.base], Weight: hundredths(100 - s.weight), Health: h.serving(), Replicas: h.healthy}
	}
	if s.cand != none {
		h := s.health[s.cand]
		least, most := s.extremes(s.cand)
		o.Partial = least < most
		o.Canary = &target.ArmState{Payload: s.units[s.cand].payload, Name: s.groups[s.cand], Weight: s.weight, Health: s.ready(s.weight), Replicas: h.healthy}
	}
	return o
}

// fingerprint tells states apart in which another change would be right: the complete
// actions of each route, and the arms. The fence is not in it.
func (s scene) fingerprint() string {
	h := sha256.New()
	for _, r := range s.routes {
		_, _ = fmt.Fprintln(h, r.print()) // A hash takes everything.
	}
	_, _ = fmt.Fprintln(h, s.base, s.cand, s.units[s.base].payload.Key())
	if s.cand != none {
		_, _ = fmt.Fprintln(h, s.units[s.cand].payload.Key())
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// fields are what drift compares: what of the routes a rollout leaves alone.
func (s scene) fields() map[string]any {
	f := map[string]any{}
	for i, r := range s.routes {
		prefix := fmt.Sprintf("routes.%d.", i)
		f[prefix+"stickiness_seconds"] = r.sticky.Seconds()
		if r.priority != "" {
			f[prefix+"priority"] = r.priority
		}
		if len(r.foreign) > 0 {
			f[prefix+"other_target_groups"] = strings.Join(r.foreign, " ")
		}
	}
	for name, v := range s.units[s.base].fields {
		f[name] = v
	}
	return f
}
