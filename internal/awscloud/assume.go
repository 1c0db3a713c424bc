package awscloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Assumption is a role that is assumed for one piece of work, with the credentials
// that the session's settings lead to.
type Assumption struct {
	// Role is assumed. Its Duration is from 15m to 1h, since AWS gives a role that was
	// assumed from another no longer; empty is 15m.
	Role Role
	// Policy is the document that the session is cut to.
	Policy string
	// Tags are the session's, which the role must let itself be given
	// (sts:TagSession); none where nil.
	Tags map[string]string
}

// Assumed is a session of a role. SecretAccessKey and SessionToken are secrets.
type Assumed struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
	// Name is the session's, by which CloudTrail knows it. ARN is that of the session.
	Name, ARN string
	// Packed is how much of AWS's room for policy and tags is used, in per cent.
	Packed int32
}

// AssumeFor assumes a role once; nothing renews it. It waits for none of our own
// ceilings, since a revert may need it. What goes wrong is an *Error.
func (s *Session) AssumeFor(ctx context.Context, a Assumption) (Assumed, error) {
	ctx = Urgent(ctx)
	cfg, err := s.Config(ctx)
	if err != nil {
		return Assumed{}, s.Explain(err)
	}
	in := &sts.AssumeRoleInput{
		RoleArn: aws.String(a.Role.ARN), RoleSessionName: aws.String(sessionName(s.who)),
		DurationSeconds: aws.Int32(int32(a.Role.duration().Seconds())), Policy: aws.String(a.Policy),
	}
	if a.Role.ExternalID != "" {
		in.ExternalId = aws.String(a.Role.ExternalID)
	}
	if a.Role.SourceIdentity {
		in.SourceIdentity = aws.String(SourceIdentity(s.who.Actor))
	}
	for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(TagValue(a.Tags[key]))})
	}
	out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
	if err != nil {
		return Assumed{}, s.notAssumed(err, a)
	}
	got := Assumed{Name: aws.ToString(in.RoleSessionName), Packed: aws.ToInt32(out.PackedPolicySize)} //nolint:staticcheck // What replaces it the service's own model does not have yet.
	if c := out.Credentials; c != nil {
		got.AccessKeyID, got.SecretAccessKey, got.SessionToken, got.Expiration = aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken), aws.ToTime(c.Expiration)
	}
	if u := out.AssumedRoleUser; u != nil {
		got.ARN = aws.ToString(u.Arn)
	}
	return got, nil
}

// notAssumed says what a role that cannot be assumed so lacks.
func (s *Session) notAssumed(err error, a Assumption) *Error {
	e := s.Explain(err)
	switch code := Code(err); {
	case code == "PackedPolicyTooLarge" || code == "PackedPolicyTooLargeException":
		e.Kind, e.Message = Invalid, "the session's policy and tags are larger than AWS packs"
		e.Remedy = "name fewer or shorter resources, or set session_tags = false"
	case code == "MalformedPolicyDocument" || code == "MalformedPolicyDocumentException":
		e.Kind, e.Message = Invalid, "AWS does not take the session's policy"
	case e.Kind == Denied && e.Permission == "sts:AssumeRole":
		e.Message = "the credentials" + s.whose() + " may not assume " + a.Role.ARN
		e.Remedy = "let the role's trust policy allow sts:AssumeRole" + alsoNeeded(a) + " to whoever assumes it (and name the external id, where it asks for one), and allow the same there"
	}
	return e
}

// alsoNeeded are the actions beside sts:AssumeRole that a trust policy must allow.
func alsoNeeded(a Assumption) string {
	text := ""
	if len(a.Tags) > 0 {
		text += ", sts:TagSession (or set session_tags = false)"
	}
	if a.Role.SourceIdentity {
		text += ", sts:SetSourceIdentity (or set source_identity = false; whoever has a source identity already cannot be given another)"
	}
	return text
}

// duration is how long a session of the role lasts.
func (r Role) duration() time.Duration {
	if d, err := time.ParseDuration(r.Duration); err == nil && d > 0 {
		return d
	}
	return minSession
}
