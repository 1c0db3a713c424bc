package alb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// kind is what an ARN of Elastic Load Balancing names.
type kind string

const (
	kindGroup    kind = "targetgroup"
	kindListener kind = "listener"
	kindRule     kind = "listener-rule"
)

var (
	arnPattern  = pattern.New(`^arn:(aws[a-z-]*):elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):(targetgroup|listener|listener-rule)/([\w./-]+)$`)
	namePattern = pattern.New(`^[a-zA-Z0-9_-]{1,255}$`)
)

var kindWords = map[kind]string{kindGroup: "a target group", kindListener: "a listener", kindRule: "a listener's rule"}

// checkARN holds an ARN to what it may name, and to the configuration's region and
// account. A region that is none is said on its own attribute, and nothing is held to it.
func (c Config) checkARN(arn string, kinds ...kind) field.Errors {
	bad := func(format string, args ...any) field.Errors {
		return field.Errors{{Msg: fmt.Sprintf(format, args...)}}
	}
	region := c.Region
	if !awscloud.IsRegion(region) {
		region = ""
	}
	partition, example := awscloud.Partition(region), cmp.Or(region, "eu-central-1")
	m := arnPattern.FindStringSubmatch(c.oneOf(arn))
	switch {
	case m == nil || !slices.Contains(kinds, kind(m[4])):
		many, andMany := c.manyWords(kinds)
		return bad("%.120q is not the ARN of %s%s; for example \"arn:%s:elasticloadbalancing:%s:123456789012:%s/%s\"%s", arn, words(kinds), many, partition, example, kinds[0], exampleName[kinds[0]], andMany)
	case m[4] != string(kindGroup) && !strings.HasPrefix(m[5], "app/"):
		return bad("%.120q belongs to no Application Load Balancer, and only those are driven; name a listener or a rule of one; for example \"arn:%s:elasticloadbalancing:%s:123456789012:listener/%s\"", arn, partition, example, exampleName[kindListener])
	case region != "" && m[2] != region:
		return bad("%.120q is in the region %s, and the target's region is %s; they must be the same, for example \"%s\" in both", arn, m[2], region, m[2])
	case region != "" && m[1] != partition:
		return bad("%.120q is in the partition %s, and the region %s is in %s; for example \"arn:%s:elasticloadbalancing:%s:...\"", arn, m[1], region, partition, partition, region)
	}
	if first := arnPattern.FindStringSubmatch(c.first()); first != nil && first[3] != m[3] {
		return bad("%.120q is in the account %s, and the first target group is in %s; a load balancer forwards within its own account, for example all in %s", arn, m[3], first[3], first[3])
	}
	return nil
}

var exampleName = map[kind]string{kindGroup: "checkout-blue/73e2d6bc24d8a067", kindListener: "app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"}

// words says what an ARN may name.
func words(kinds []kind) string {
	var all []string
	for _, k := range kinds {
		all = append(all, kindWords[k])
	}
	return strings.Join(all, " or ")
}

// manyWords says what else a route may be where one may stand for many, and an example.
func (c Config) manyWords(kinds []kind) (allowed, example string) {
	if !c.wholeBalancers || slices.Contains(kinds, kindGroup) {
		return "", ""
	}
	return ", nor one that ends in \"/*\" and so stands for all listeners, or all rules, of a load balancer", ", or \"...:listener-rule/app/web/50dc6c495c0c9188/*\""
}

// oneOf gives one listener or rule for what stands for all of a load balancer, which has
// no end of its own.
func (c Config) oneOf(arn string) string {
	if all, ok := strings.CutSuffix(arn, "/*"); ok && c.wholeBalancers && strings.Count(all, "/") >= 3 {
		return all + "/any"
	}
	return arn
}

func (c Config) first() string {
	if len(c.TargetGroups) == 0 {
		return ""
	}
	return c.TargetGroups[0]
}

// shortID is the end of a target group's ARN, which AWS gives to no other.
func shortID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// groupName is what people know a target group by.
func groupName(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 2 {
		return arn
	}
	return parts[1]
}

// routeName is what people know a listener or a rule by: "listener web f2f7dc8efc522ab2".
func routeName(arn string) string {
	_, path, _ := strings.Cut(arn, ":listener")
	parts := strings.Split(path, "/")
	if len(parts) < 5 {
		return arn
	}
	if strings.HasPrefix(path, "-rule") {
		return "rule " + parts[len(parts)-1] + " of " + parts[2]
	}
	return "listener " + parts[4] + " of " + parts[2]
}
