package driftcheck

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/sluice/terraform-provider-sluice/internal/provider/awsattributes"
)

// placeAttribute says where something of AWS is. It is an object of its own, so that
// several things may share one local value.
func placeAttribute(service string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: true, MarkdownDescription: "Where it is, and by whose right it is read. Whoever looks, the agent and the command line too, finds credentials so. Example: `{ region = \"eu-central-1\" }`.",
		Attributes: awsattributes.Of(service),
	}
}

func groupsAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Security groups of AWS whose rules must be the declared ones, and no others, by names of your choice, which begin the paths: `web.ingress.tcp.22.0-0-0-0_0`. " +
			"The AWS provider tells nothing of a rule that somebody added to a group whose rules are `aws_vpc_security_group_ingress_rule`. " +
			"A rule that nobody declared and that lets the world in is `high`, where `severity` says nothing else. Rules are only read. It needs what `docs/policies/drift-security-groups.json` allows.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"aws":      placeAttribute("ec2"),
			"group_id": schema.StringAttribute{Required: true, MarkdownDescription: "The group's id. Example: `aws_security_group.web.id`."},
			"ingress":  rulesAttribute("All rules for what comes in. Without it they are not compared; `[]` is none. State them in the configuration, as in a local value that the rules are made of too: an attribute of a resource has, after a refresh, what somebody changed."),
			"egress":   rulesAttribute("All rules for what goes out, as in `ingress`. A new group has one, for all traffic to everywhere."),
		}},
	}
}

func rulesAttribute(text string) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true, MarkdownDescription: text + " The order does not matter. Example: `[{ ip_protocol = \"tcp\", from_port = 443, to_port = 443, cidr_ipv4 = \"10.0.0.0/8\" }]`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"ip_protocol":                  schema.StringAttribute{Required: true, MarkdownDescription: "`tcp`, `udp`, `icmp`, `icmpv6`, a protocol's number, or `all`, which is `-1`. Example: `\"tcp\"`."},
			"from_port":                    schema.Int64Attribute{Optional: true, MarkdownDescription: "The first port, or the type of ICMP, of which `-1`, the default, is any. Example: `443`."},
			"to_port":                      schema.Int64Attribute{Optional: true, MarkdownDescription: "The last port, or the code of ICMP, of which `-1`, the default, is any. Example: `443`."},
			"cidr_ipv4":                    schema.StringAttribute{Optional: true, MarkdownDescription: "A block of IPv4, as AWS keeps it. Exactly one of the five says who is on the other side. Example: `\"10.0.0.0/8\"`."},
			"cidr_ipv6":                    schema.StringAttribute{Optional: true, MarkdownDescription: "A block of IPv6. Example: `\"2001:db8::/32\"`."},
			"prefix_list_id":               schema.StringAttribute{Optional: true, MarkdownDescription: "A prefix list. What is in it is not looked at. Example: `\"pl-6da54004\"`."},
			"referenced_security_group_id": schema.StringAttribute{Optional: true, MarkdownDescription: "A security group; one of another account begins with that and a slash. Example: `aws_security_group.balancer.id`."},
			"self":                         schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it is the group itself, as when its id is given. Example: `true`."},
			"description":                  schema.StringAttribute{Optional: true, MarkdownDescription: "The rule's description. Without it descriptions are not compared. Example: `\"from the load balancer\"`."},
			"security_group_rule_id":       schema.StringAttribute{Optional: true, MarkdownDescription: "The rule's own id, by which one that somebody edited is told as `changed`, and not as one that is missing and another that is there besides. Example: `aws_vpc_security_group_ingress_rule.https.security_group_rule_id`."},
		}},
	}
}

func resourcesAttribute() schema.MapNestedAttribute {
	paths := expectationAttributes()
	maps.Copy(paths, map[string]schema.Attribute{
		"unordered": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether lists are compared as sets, at every depth: AWS gives tags and many others in any order. Default: `false`. Example: `true`."},
	})
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Resources of AWS of any type that Cloud Control can read, by names of your choice, which begin the paths: `orders.VisibilityTimeout`. Only the declared properties are compared. " +
			"A resource that does not exist is a difference; one that nobody may read, and one for which AWS throttles, is unknown. They are only read, with `cloudformation:GetResource` and what the type itself reads, as in `docs/policies/drift-resources.json`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"aws":        placeAttribute("cloudcontrolapi"),
			"type":       schema.StringAttribute{Required: true, MarkdownDescription: "The type as CloudFormation calls it. Example: `\"AWS::SQS::Queue\"`."},
			"identifier": schema.StringAttribute{Required: true, MarkdownDescription: "The type's primary identifier: of a queue its URL, of a log group its name. Where it has several parts they are joined by `|`. Example: `aws_sqs_queue.orders.url`."},
			"paths": schema.MapNestedAttribute{
				Required: true, MarkdownDescription: "What is expected at dotted paths below the properties, as CloudFormation calls them. One that is not set is met by `null`. Properties that can only be written are never told. Example: `{ VisibilityTimeout = { equals = 30 } }`.",
				NestedObject: schema.NestedAttributeObject{Attributes: paths},
			},
		}},
	}
}
