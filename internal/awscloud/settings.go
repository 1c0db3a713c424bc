// Package awscloud is the one place that knows how Sluice reaches AWS: region,
// credentials by reference, endpoints, retries and what an error of AWS means.
// Drivers of targets and signals embed Settings in their configuration, and make
// their clients from a Session.
package awscloud

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Settings says where in AWS something is and by whose right it is reached. It
// holds references to credentials and no secret, since it is kept in the ledger:
// whoever drives a rollout next looks them up again.
type Settings struct {
	// Region is always stated, so that the agent and the command line act where
	// Terraform did: "eu-central-1".
	Region string `json:"region"`
	// Profile names a section of the shared configuration files; empty means what
	// the environment gives, as for AWS's own tools.
	Profile string `json:"profile,omitempty"`
	// WebIdentity exchanges a token of CI for the first role.
	WebIdentity *WebIdentity `json:"assume_role_with_web_identity,omitempty"`
	// AssumeRole are roles that are assumed one after the other, each with the
	// credentials of the one before.
	AssumeRole []Role `json:"assume_role,omitempty"`
	// FIPS and DualStack choose AWS's endpoints of that kind.
	FIPS      bool `json:"use_fips_endpoint,omitempty"`
	DualStack bool `json:"use_dualstack_endpoint,omitempty"`
	// Endpoint replaces AWS's address of the driver's service, for VPC endpoints and
	// emulators. That of STS is not replaced; AWS_ENDPOINT_URL_STS does that.
	Endpoint string `json:"endpoint,omitempty"`
}

// Role is one role of a chain.
type Role struct {
	// ARN is the role's: "arn:aws:iam::123456789012:role/releases".
	ARN string `json:"role_arn"`
	// ExternalID is what the role's owner asks for. It is no secret.
	ExternalID string `json:"external_id,omitempty"`
	// Duration of the session, from 15m to 12h; empty means 15m. It is renewed by
	// itself while it is in use.
	Duration string `json:"duration,omitempty"`
	// SourceIdentity sends who acts as the session's source identity, which the role
	// must allow (sts:SetSourceIdentity).
	SourceIdentity bool `json:"source_identity,omitempty"`
}

// WebIdentity is a role that is assumed with a token of an OpenID provider.
type WebIdentity struct {
	ARN string `json:"role_arn"`
	// Token refers to the token, which is looked up anew each time.
	Token *credential.Reference `json:"token"`
}

const (
	minSession = 15 * time.Minute
	maxSession = 12 * time.Hour

	maxExternalID = 1224

	exampleRegion = "; for example \"eu-central-1\""
	exampleRole   = "; for example \"arn:aws:iam::123456789012:role/releases\""
)

var (
	regionPattern  = pattern.New(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	rolePattern    = pattern.New(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/[\w+=,.@/-]{1,512}$`)
	externalID     = pattern.New(`^[\w+=,.@:/-]{2,}$`)
	profilePattern = pattern.New(`^[^\x00-\x1f\[\]]{1,256}$`)
)

// IsRegion reports whether a text has the form of a region's name, "eu-central-1". What is
// held to a region that has not would only be said a second time.
func IsRegion(name string) bool { return regionPattern.MatchString(name) }

// Validate says what is wrong, by the JSON names. It looks nothing up.
func (s Settings) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case s.Region == "":
		add("region", "the region is missing; it must be stated, since whoever drives the rollout next may have another one in the environment%s", exampleRegion)
	case !IsRegion(s.Region):
		add("region", "%.80q is not the name of a region%s", s.Region, exampleRegion)
	}
	if s.Profile != "" && !profilePattern.MatchString(s.Profile) {
		add("profile", "%.80q is not the name of a profile; for example \"releases\"", s.Profile)
	}
	if w := s.WebIdentity; w != nil {
		errs = append(errs, s.role(w.ARN).Under("assume_role_with_web_identity.role_arn")...)
		if w.Token == nil {
			add("assume_role_with_web_identity.token", "there is no token; say where it is, for example { file = \"/run/secrets/oidc\" }")
		} else {
			errs = append(errs, w.Token.Validate().Under("assume_role_with_web_identity.token")...)
		}
		if s.Profile != "" {
			add("profile", "a profile and assume_role_with_web_identity are both given, and each says whose credentials come first; leave one out")
		}
	}
	for i, r := range s.AssumeRole {
		errs = append(errs, s.chained(r).Under(fmt.Sprintf("assume_role[%d]", i))...)
	}
	if s.Endpoint != "" {
		if msg := endpointProblem(s.Endpoint); msg != "" {
			add("endpoint", "%s", msg)
		} else if s.FIPS || s.DualStack {
			add("endpoint", "an endpoint and use_fips_endpoint or use_dualstack_endpoint are both given; the endpoint is used as it stands, so leave the other out")
		}
	}
	return errs
}

func (s Settings) chained(r Role) field.Errors {
	errs := s.role(r.ARN).Under("role_arn")
	if r.ExternalID != "" && (len(r.ExternalID) > maxExternalID || !externalID.MatchString(r.ExternalID)) {
		errs = append(errs, field.Error{Path: "external_id", Msg: "an external id has 2 to 1224 letters, digits and + = , . @ : / - _; for example \"acme-releases\""})
	}
	if d, err := time.ParseDuration(r.Duration); r.Duration != "" && (err != nil || d < minSession || d > maxSession) {
		errs = append(errs, field.Error{Path: "duration", Msg: fmt.Sprintf("%q is not a duration from 15m to 12h; for example \"1h\"", r.Duration)})
	}
	return errs
}

// role checks a role's name, and that it is of the region's partition: one of
// China or GovCloud knows no role of another.
func (s Settings) role(arn string) field.Errors {
	m := rolePattern.FindStringSubmatch(arn)
	if m == nil {
		return field.Errors{{Msg: fmt.Sprintf("%.80q is not the ARN of a role%s", arn, exampleRole)}}
	}
	if want := Partition(s.Region); IsRegion(s.Region) && m[1] != want {
		return field.Errors{{Msg: fmt.Sprintf("the role is in the partition %s, and the region %s is in %s, where only roles of its own are known; for example \"arn:%s:iam::123456789012:role/releases\"", m[1], s.Region, want, want)}}
	}
	return nil
}

// partitions are told by how a region's name begins; whatever is not here is aws.
var partitions = []struct{ prefix, name string }{
	{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"}, {"eu-isoe-", "aws-iso-e"}, {"us-iso-", "aws-iso"},
	{"eusc-", "aws-eusc"},
}

// Partition names the part of AWS that a region is in: "aws", "aws-cn",
// "aws-us-gov" and so on. Nothing is shared between two of them.
func Partition(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}

// account is whose limits calls count against, as far as the settings say.
func (s Settings) account() string {
	arn := ""
	if s.WebIdentity != nil {
		arn = s.WebIdentity.ARN
	}
	if n := len(s.AssumeRole); n > 0 {
		arn = s.AssumeRole[n-1].ARN
	}
	if m := rolePattern.FindStringSubmatch(arn); m != nil {
		return m[2]
	}
	return "profile " + s.Profile
}

// whereabouts is account in words.
func (s Settings) whereabouts() string {
	switch at := s.account(); {
	case at == "profile ":
		return "the account of the ambient credentials"
	case strings.HasPrefix(at, "profile "):
		return "the account of the " + at
	default:
		return "the account " + at
	}
}

// local says whether the endpoint is of this machine: an emulator, which shares its
// limits with nobody.
func (s Settings) local() bool {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func endpointProblem(raw string) string {
	const example = "; for example \"https://vpce-0123-abcd.lambda.eu-central-1.vpce.amazonaws.com\""
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "the endpoint cannot be parsed; it must be absolute, with http or https" + example
	case u.User != nil:
		return "the endpoint holds a user or password, which would be kept in state and ledger" + example
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return "the endpoint must be absolute, with http or https, and have no query" + example
	}
	return ""
}
