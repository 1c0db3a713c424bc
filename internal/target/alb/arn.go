package alb

import (
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
// account.
func (c Config) checkARN(arn string, kinds ...kind) field.Errors {
	bad := func(format string, args ...any) field.Errors {
		return field.Errors{{Msg: fmt.Sprintf(format, args...)}}
	}
	var words []string
	for _, k := range kinds {
		words = append(words, kindWords[k])
	}
	m := arnPattern.FindStringSubmatch(arn)
	switch {
	case m == nil || !slices.Contains(kinds, kind(m[4])):
		return bad("%.120q is not the ARN of %s; for example \"arn:%s:elasticloadbalancing:%s:123456789012:%s/%s\"", arn, strings.Join(words, " or "), awscloud.Partition(c.Region), orExample(c.Region), kinds[0], exampleName[kinds[0]])
	case m[4] != string(kindGroup) && !strings.HasPrefix(m[5], "app/"):
		return bad("%.120q belongs to no Application Load Balancer, and only those are driven; name a listener or a rule of one; for example \"arn:%s:elasticloadbalancing:%s:123456789012:listener/%s\"", arn, awscloud.Partition(c.Region), orExample(c.Region), exampleName[kindListener])
	case c.Region != "" && m[2] != c.Region:
		return bad("%.120q is in the region %s, and the target's region is %s; they must be the same, for example \"%s\" in both", arn, m[2], c.Region, m[2])
	case c.Region != "" && m[1] != awscloud.Partition(c.Region):
		return bad("%.120q is in the partition %s, and the region %s is in %s; for example \"arn:%s:elasticloadbalancing:%s:...\"", arn, m[1], c.Region, awscloud.Partition(c.Region), awscloud.Partition(c.Region), c.Region)
	}
	if first := arnPattern.FindStringSubmatch(c.first()); first != nil && first[3] != m[3] {
		return bad("%.120q is in the account %s, and the first target group is in %s; a load balancer forwards within its own account, for example all in %s", arn, m[3], first[3], first[3])
	}
	return nil
}

var exampleName = map[kind]string{kindGroup: "checkout-blue/73e2d6bc24d8a067", kindListener: "app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"}

func orExample(region string) string {
	if region == "" {
		return "eu-central-1"
	}
	return region
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
