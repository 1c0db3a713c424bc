package awscloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Kind says what an error of AWS means for whoever called. The set is closed.
type Kind string

// The kinds.
const (
	// Credentials: there are none, they have expired, or AWS does not know them.
	Credentials Kind = "credentials"
	// Denied: a policy forbids the call.
	Denied Kind = "denied"
	// Region: the region does not exist, or is not enabled for the account.
	Region Kind = "region"
	// Throttled: refused for the number of calls; surely nothing was done.
	Throttled Kind = "throttled"
	// NotFound: what is named is not there, in this account and region.
	NotFound Kind = "not_found"
	// Stale: a condition of the call does not hold; somebody was quicker.
	Stale Kind = "stale"
	// Conflict: something else is in progress, or stands in the way.
	Conflict Kind = "conflict"
	// Invalid: AWS refuses what was asked for.
	Invalid Kind = "invalid"
	// Unreachable: no connection came about; surely nothing was done.
	Unreachable Kind = "unreachable"
	// Unknown: nobody can say whether the call took effect.
	Unknown Kind = "unknown"
)

// Error is an error of AWS with what it means and what to do.
type Error struct {
	Kind Kind
	// Message says what happened, in whole words and without secrets.
	Message string
	// Remedy says what a person can do about it.
	Remedy string
	// Permission is what a policy lacks, for Denied: "lambda:UpdateAlias".
	Permission string
	Err        error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Message, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// codes are the errors that AWS's services have in common, and those of the services
// that drivers call, by the code that comes with the answer.
var codes = map[string]Kind{
	"ExpiredToken": Credentials, "ExpiredTokenException": Credentials, "RequestExpired": Credentials,
	"InvalidClientTokenId": Credentials, "UnrecognizedClientException": Credentials, "InvalidAccessKeyId": Credentials,
	"SignatureDoesNotMatch": Credentials, "InvalidSignatureException": Credentials, "MissingAuthenticationToken": Credentials,
	"MissingAuthenticationTokenException": Credentials, "IncompleteSignature": Credentials, "InvalidIdentityToken": Credentials,
	"IDPRejectedClaim": Credentials, "AuthFailure": Credentials, "InvalidCredentialsException": Credentials,

	"AccessDenied": Denied, "AccessDeniedException": Denied, "UnauthorizedOperation": Denied, "NotAuthorized": Denied,

	"OptInRequired": Region, "RegionDisabledException": Region,

	"Throttling": Throttled, "ThrottlingException": Throttled, "ThrottledException": Throttled, "TooManyRequestsException": Throttled,
	"RequestLimitExceeded": Throttled, "RequestThrottled": Throttled, "RequestThrottledException": Throttled, "SlowDown": Throttled,

	"ResourceNotFoundException": NotFound, "ProvisionedConcurrencyConfigNotFoundException": NotFound,
	"ClusterNotFoundException": NotFound, "ServiceNotFoundException": NotFound, "ServiceDeploymentNotFoundException": NotFound, "RuleNotFound": NotFound, "ListenerNotFound": NotFound,
	"TargetGroupNotFound": NotFound, "LoadBalancerNotFound": NotFound, "ObjectNotFoundException": NotFound,
	"InvalidGroup.NotFound":       NotFound,
	"RepositoryNotFoundException": NotFound, "ImageNotFoundException": NotFound, "ScanNotFoundException": NotFound, "LayersNotFoundException": NotFound,

	"PreconditionFailedException": Stale,

	"ResourceConflictException": Conflict, "ResourceInUseException": Conflict, "ResourceNotReadyException": Conflict,
	"ConflictException": Conflict, "ServiceNotActiveException": Conflict, "OperationNotPermitted": Conflict, "ResourceInUse": Conflict, "PriorityInUse": Conflict,
	"TargetGroupAssociationLimit": Conflict, "ScalingActivityInProgress": Conflict, "ResourceContention": Conflict, "ConcurrentUpdateException": Conflict,

	"InvalidParameterValueException": Invalid, "InvalidParameterException": Invalid, "ValidationException": Invalid, "ValidationError": Invalid,
	"InvalidRequestContentException": Invalid, "CodeStorageExceededException": Invalid, "InvalidCodeSignatureException": Invalid,
	"CodeVerificationFailedException": Invalid, "CodeSigningConfigNotFoundException": Invalid,
	"ClientException": Invalid, "LimitExceededException": Invalid, "UnsupportedFeatureException": Invalid, "NamespaceNotFoundException": Invalid, "PlatformUnknownException": Invalid,
	"PlatformTaskDefinitionIncompatibilityException": Invalid, "InvalidConfigurationRequest": Invalid, "InvalidLoadBalancerAction": Invalid, "TooManyActions": Invalid, "TooManyTags": Invalid,
	"IncompatibleProtocols": Invalid, "UnsupportedProtocol": Invalid, "DuplicateTagKeys": Invalid, "TooManyUniqueTargetGroupsPerLoadBalancer": Invalid,
	"InvalidGroupId.Malformed": Invalid, "InvalidParameterValue": Invalid,
	"TypeNotFoundException": Invalid, "UnsupportedActionException": Invalid, "InvalidRequestException": Invalid, "PrivateTypeException": Invalid,
}

// Explain says what an error of a client means. It returns nil for nil, and an
// *Error as it is. The session's settings go into the words.
func (s *Session) Explain(err error) *Error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Kind: kindOf(err), Err: err}
	service, operation := called(err)
	e.Message = operation + " was not answered as it should be"
	switch e.Kind {
	case Credentials:
		// Those that there are; that there are none is said below.
		e.Message, e.Remedy = "AWS does not take the credentials"+s.whose(), credentialsRemedy(s.settings)
	case Denied:
		e.Permission = prefixOf(service) + ":" + operation
		lacks := s.Lacks([]string{e.Permission})
		e.Message, e.Remedy = lacks.Message, lacks.Remedy
		if operation == "AssumeRole" || operation == "AssumeRoleWithWebIdentity" {
			e.Remedy = "let the role's trust policy name who assumes it (and the external id, where it asks for one), and allow sts:AssumeRole to the one who does"
		}
	case Region:
		e.Message = "the region " + s.settings.Region + " is not there for this account"
		e.Remedy = "name the region where the service runs; a region that is newer than 2019 has to be enabled for the account first"
	case Throttled:
		e.Message = "AWS refused " + operation + " for the number of calls in this account and region"
		e.Remedy = "it is tried again by itself; look for others who call the same service often"
	case NotFound:
		e.Message = "what " + operation + " asked for is not there in " + s.settings.Region
		e.Remedy = "look at the names, the region and the account"
	case Stale:
		e.Message, e.Remedy = "somebody else changed it since it was read", "observe it and decide again"
	case Conflict:
		e.Message, e.Remedy = operation+" cannot be done as things are", "wait until what is in progress has ended"
	case Invalid:
		e.Message = "AWS refuses what " + operation + " asked for"
	case Unreachable:
		e.Message = "AWS cannot be reached in " + s.settings.Region
		e.Remedy = "look at the network, the proxy (HTTPS_PROXY, NO_PROXY), AWS_CA_BUNDLE, the region's name and the endpoint"
	case Unknown:
	}
	if message, remedy, ok := s.unfetched(err, e.Kind); ok {
		e.Message, e.Remedy = message, remedy
	}
	return e
}

// Lacks is the error of somebody who has not all the permissions that something
// needs: "lambda:UpdateAlias". There is at least one.
func (s *Session) Lacks(permissions []string) *Error {
	all := strings.Join(permissions, ", ")
	return &Error{
		Kind: Denied, Permission: all, Message: "the credentials" + s.whose() + " may not do " + all,
		Remedy: "allow " + all + " in the policy of the role or user; docs/policies has what each driver needs. A permission boundary, or a policy of the organisation, may forbid it too",
	}
}

// prefixes are what IAM calls services whose clients have longer names.
var prefixes = map[string]string{
	"Elastic Load Balancing v2": "elasticloadbalancing", "Auto Scaling": "autoscaling", "Application Auto Scaling": "application-autoscaling",
	"CloudControl": "cloudformation",
}

// prefixOf is what IAM calls a service.
func prefixOf(service string) string {
	if p, ok := prefixes[service]; ok {
		return p
	}
	return strings.ToLower(service)
}

func (s *Session) whose() string {
	switch n := len(s.settings.AssumeRole); {
	case n > 0:
		return " of the role " + s.settings.AssumeRole[n-1].ARN
	case s.settings.WebIdentity != nil:
		return " of the role " + s.settings.WebIdentity.ARN
	case s.settings.Profile != "":
		return " of the profile " + s.settings.Profile
	}
	return ""
}

func credentialsRemedy(s Settings) string {
	const clock = ". If they are right, look at this machine's clock"
	if s.Profile != "" {
		return "sign in again, for example with aws sso login --profile " + s.Profile + clock
	}
	if s.WebIdentity != nil {
		return "see that the token is still valid and is of the provider that the role trusts" + clock
	}
	return "give new ones, by AWS_PROFILE, AWS_ACCESS_KEY_ID, a role or a web identity; aws sts get-caller-identity says whose they are" + clock
}

// called names the service and the operation of an error.
func called(err error) (service, operation string) {
	var op *smithy.OperationError
	// The innermost: assuming a role can fail within another call.
	for next := err; errors.As(next, &op); next = op.Err {
		service, operation = op.ServiceID, op.OperationName
	}
	if operation == "" {
		operation = "the call"
	}
	return service, operation
}

// Code is AWS's own code of an error, empty where none came.
func Code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) && e.ErrorCode() != "UnknownError" {
		return e.ErrorCode()
	}
	return ""
}

func kindOf(err error) Kind {
	var (
		missing  *credentialsError
		lookup   *net.DNSError
		op       *net.OpError
		stranger *tls.CertificateVerificationError
	)
	code := Code(err)
	if k, ok := codes[code]; ok {
		return k
	}
	switch {
	case HeldUp(err):
		return Unknown // An earlier attempt may have been carried out.
	case errors.As(err, &missing) && missing.late():
		return Unreachable // Nothing was sent, and it may be answered the next time.
	case errors.As(err, &lookup) && lookup.IsNotFound, errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"), errors.As(err, &stranger):
		return Unreachable // Nothing was sent.
	case errors.As(err, &missing):
		return Credentials
	case code == "" && status(err) == http.StatusForbidden:
		return Denied
	case status(err) == http.StatusTooManyRequests:
		return Throttled
	case status(err) == http.StatusPreconditionFailed:
		return Stale
	case code == "" && status(err) == 0 && !cut(err):
		return Invalid // It was never sent: the SDK refused it.
	}
	return Unknown
}

func status(err error) int {
	var e *awshttp.ResponseError
	if errors.As(err, &e) {
		return e.HTTPStatusCode()
	}
	return 0
}

// cut says whether the connection, or the time, ended in the middle.
func cut(err error) bool {
	var network net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.As(err, &network)
}
