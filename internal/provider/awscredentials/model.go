package awscredentials

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// model is the ephemeral resource as Terraform has it.
type model struct {
	Service             types.String       `tfsdk:"service"`
	Environment         types.String       `tfsdk:"environment"`
	Reference           types.String       `tfsdk:"reference"`
	ConfigurationDigest types.String       `tfsdk:"configuration_digest"`
	Target              types.Object       `tfsdk:"target"`
	Metrics             types.Bool         `tfsdk:"metrics"`
	RoleARN             types.String       `tfsdk:"role_arn"`
	ExternalID          types.String       `tfsdk:"external_id"`
	Duration            durationtype.Value `tfsdk:"duration"`
	SourceIdentity      types.Bool         `tfsdk:"source_identity"`
	SessionTags         types.Bool         `tfsdk:"session_tags"`

	Region       types.String `tfsdk:"region"`
	Profile      types.String `tfsdk:"profile"`
	AssumeRole   types.List   `tfsdk:"assume_role"`
	WebIdentity  types.Object `tfsdk:"assume_role_with_web_identity"`
	UseFIPS      types.Bool   `tfsdk:"use_fips_endpoint"`
	UseDualStack types.Bool   `tfsdk:"use_dualstack_endpoint"`

	AccessKeyID      types.String `tfsdk:"access_key_id"`
	SecretAccessKey  types.String `tfsdk:"secret_access_key"`
	SessionToken     types.String `tfsdk:"session_token"`
	Expiration       types.String `tfsdk:"expiration"`
	Scope            types.String `tfsdk:"scope"`
	Reason           types.String `tfsdk:"reason"`
	SessionName      types.String `tfsdk:"session_name"`
	Rollout          types.Int64  `tfsdk:"rollout"`
	Recorded         types.Bool   `tfsdk:"recorded"`
	PackedPolicySize types.Int64  `tfsdk:"packed_policy_size"`
}

// maxDuration is the longest session: AWS gives a role no more that was assumed from
// another, and a rollout's credentials are for minutes.
const maxDuration = time.Hour

// request reads the configuration. What is not known yet is left out of what is
// checked.
func (m model) request(ctx context.Context) (grant.Request, field.Errors) {
	settings, errs := m.settings(ctx)
	req := grant.Request{
		Key: release.Key{Service: m.Service.ValueString(), Environment: m.Environment.ValueString()}, Settings: settings,
		Role: awscloud.Role{ARN: m.RoleARN.ValueString(), ExternalID: m.ExternalID.ValueString(), Duration: m.Duration.ValueString(),
			SourceIdentity: m.SourceIdentity.IsNull() || m.SourceIdentity.ValueBool()},
		Untagged: !m.SessionTags.IsNull() && !m.SessionTags.ValueBool(),
	}
	errs = append(errs, m.role(settings, req.Role)...)
	var more field.Errors
	if req.Next, more = m.next(); len(more) > 0 {
		errs = append(errs, more...)
	}
	if req.Driver, req.Needs, more = m.needs(ctx, req); len(more) > 0 {
		errs = append(errs, more...)
	}
	return req, errs
}

// settings are those that lead to the role.
func (m model) settings(ctx context.Context) (awscloud.Settings, field.Errors) {
	var s awscloud.Settings
	given, unknown := map[string]json.RawMessage{}, map[string]bool{}
	for name, v := range map[string]attr.Value{"region": m.Region, "profile": m.Profile, "assume_role": m.AssumeRole, "assume_role_with_web_identity": m.WebIdentity, "use_fips_endpoint": m.UseFIPS, "use_dualstack_endpoint": m.UseDualStack} {
		raw, known := tfconv.Known(ctx, v)
		if unknown[name] = !known; known && !v.IsNull() {
			given[name] = raw
		}
	}
	raw, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return s, field.Errors{{Msg: err.Error()}}
	}
	return s, slices.DeleteFunc(s.Validate(), func(e field.Error) bool { return unknown[root(e.Path)] })
}

// root is the attribute that a path begins with.
func root(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}

// role checks the role that is assumed for the rollout.
func (m model) role(s awscloud.Settings, r awscloud.Role) field.Errors {
	unknown := map[string]bool{"role_arn": m.RoleARN.IsUnknown(), "external_id": m.ExternalID.IsUnknown(), "duration": true}
	errs := slices.DeleteFunc(s.ValidateRole(r), func(e field.Error) bool { return unknown[e.Path] })
	if d, err := time.ParseDuration(r.Duration); r.Duration != "" && err == nil && (d < 15*time.Minute || d > maxDuration) {
		errs = append(errs, field.Error{Path: "duration", Msg: fmt.Sprintf("%q is not a duration from 15m to 1h; for example \"30m\"", r.Duration)})
	}
	return errs
}

// next is the artifact that is to be released.
func (m model) next() (artifact.Payload, field.Errors) {
	p := artifact.Payload{Artifact: artifact.Artifact{Reference: m.Reference.ValueString()}, ConfigurationDigest: m.ConfigurationDigest.ValueString()}
	var errs field.Errors
	if !m.Reference.IsNull() && !m.Reference.IsUnknown() && p.Digest() == "" {
		errs = append(errs, field.Error{Path: "reference", Msg: fmt.Sprintf("%.120q has no digest; it must end in one, for example \"s3://acme-builds/checkout/1.4.0.zip@sha256:<64 hexadecimal digits>\"", p.Reference)})
	}
	if msg := artifact.ValidateConfigurationDigest(p.ConfigurationDigest); msg != "" && !m.ConfigurationDigest.IsUnknown() {
		errs = append(errs, field.Error{Path: "configuration_digest", Msg: msg})
	}
	return p, errs
}

// needs asks the target's driver what a rollout needs.
func (m model) needs(ctx context.Context, req grant.Request) (string, awscloud.Grant, field.Errors) {
	raw, known := tfconv.Known(ctx, m.Target)
	if !known || m.Region.IsUnknown() || m.RoleARN.IsUnknown() {
		return "", awscloud.Grant{}, nil
	}
	granters := targets.Grants()
	names := slices.Sorted(maps.Keys(granters))
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil || len(given) != 1 {
		return "", awscloud.Grant{}, field.Errors{{Path: "target", Msg: fmt.Sprintf("there must be exactly one driver, of %s; for example { lambda = { function = \"checkout\" } }", strings.Join(names, ", "))}}
	}
	for name, config := range given {
		needs, errs := granters[name](awscloud.Place{Region: req.Settings.Region, Account: awscloud.Account(req.Role.ARN)}, config)
		if len(errs) > 0 {
			return name, needs, errs.Under("target." + name)
		}
		if m.Metrics.ValueBool() {
			needs = needs.With(cloudwatch.Statement())
		}
		document, err := awscloud.Document(needs.Full)
		if err != nil {
			return name, needs, field.Errors{{Path: "target." + name, Msg: err.Error()}}
		}
		if msg := awscloud.Fits(document); msg != "" {
			return name, needs, field.Errors{{Path: "target." + name, Msg: msg}}
		}
		return name, needs, nil
	}
	return "", awscloud.Grant{}, nil
}

// fill puts in what was handed out.
func (m *model) fill(o grant.Opened) {
	m.AccessKeyID, m.SecretAccessKey, m.SessionToken = types.StringValue(o.AccessKeyID), types.StringValue(o.SecretAccessKey), types.StringValue(o.SessionToken)
	m.Expiration = types.StringValue(o.Expiration.UTC().Format(time.RFC3339))
	m.Scope, m.Reason, m.SessionName = types.StringValue(string(o.Scope)), types.StringValue(o.Reason), types.StringValue(o.Name)
	m.Recorded, m.PackedPolicySize = types.BoolValue(o.Recorded), types.Int64Value(int64(o.Packed))
	m.Rollout = types.Int64Null()
	if o.Rollout > 0 {
		m.Rollout = types.Int64Value(int64(o.Rollout))
	}
}
