package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func errorCode(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	// What has no body, the SDK calls by its status.
	if c := e.ErrorCode(); c != "UnknownError" {
		return c
	}
	return ""
}

// status is the HTTP status of the answer, 0 where there was none.
func status(err error) int {
	var e *awshttp.ResponseError
	if errors.As(err, &e) {
		return e.HTTPStatusCode()
	}
	return 0
}

func isAbsent(err error) bool {
	c := errorCode(err)
	return c == "NoSuchKey" || status(err) == http.StatusNotFound && c != "NoSuchBucket"
}

// isCondition says whether a write was refused for its condition. If-Match on what is
// not there is 404 on AWS.
func isCondition(err error) bool {
	return status(err) == http.StatusPreconditionFailed || errorCode(err) == "ConditionalRequestConflict" || isAbsent(err)
}

// cut says whether err is of the network, so that nobody knows what the store did.
func cut(err error) bool {
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return false
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network), errors.As(err, new(*bodyError)):
		return true
	}
	return false
}

// bodyError is of an object that did not arrive as the store keeps it: cut short, or with
// another checksum than the answer names. The next attempt may be whole.
type bodyError struct{ err error }

// Error implements error.
func (e *bodyError) Error() string { return "the object did not arrive whole: " + e.err.Error() }

// Unwrap gives the cause.
func (e *bodyError) Unwrap() error { return e.err }

// unreached says whether no connection came about, so that surely nothing happened.
func unreached(err error) bool {
	var (
		lookup *net.DNSError
		op     *net.OpError
	)
	return errors.As(err, &lookup) || errors.As(err, &op) && op.Op == "dial"
}

// mapError puts the store's codes into the words of the port. What it does not know it
// leaves as it is: the outcome is then unknown. No error of the SDK holds a secret.
func (s *store) mapError(err error) error {
	code, stat := errorCode(err), status(err)
	switch {
	case code == "NoSuchBucket":
		return ledger.Misplaced("there is no bucket "+s.place.bucket, "name the one that is there, "+example+", or create it, with versioning; the first apply creates the ledger in it, and not the bucket",
			fmt.Errorf("%w: there is no bucket %s; create it, with versioning: %w", ledger.ErrMissing, s.place.bucket, err))
	case stat == http.StatusMovedPermanently || stat == http.StatusTemporaryRedirect || code == "AuthorizationHeaderMalformed" || code == "IllegalLocationConstraintException":
		return ledger.Misplaced("the bucket is in another region"+regionOf(err), "name that one by region=, "+example,
			fmt.Errorf("%s: the bucket is in another region%s: name that one by region=, %s: %w", s.place, regionOf(err), example, err))
	case strings.HasPrefix(code, "KMS.") || code == "AccessDenied" && strings.Contains(err.Error(), "kms:"):
		return ledger.Misplaced("the key with which the bucket is encrypted cannot be used", "enable the key, or allow whoever asks kms:Decrypt on it, and kms:GenerateDataKey to write, for example in a statement beside those of docs/policies",
			fmt.Errorf("%s: the key with which the bucket is encrypted cannot be used; allow kms:GenerateDataKey and kms:Decrypt, or enable the key: %w", s.place, err))
	case code == "AccessDenied" || code == "AccountProblem" || code == "AllAccessDisabled" || code == "" && stat == http.StatusForbidden:
		return &deniedError{place: s.place, err: err}
	case code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || code == "ExpiredToken" || code == "InvalidToken":
		return ledger.Misplaced("the store does not take the credentials", "look at AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN or the role, for example with aws sts get-caller-identity",
			fmt.Errorf("%s: the store does not take the credentials; look at AWS_PROFILE, AWS_ACCESS_KEY_ID or the role: %w", s.place, err))
	case none(err):
		return ledger.Misplaced("there are no credentials to ask the store with", "give some where AWS's tools take them, for example in AWS_PROFILE, or name a profile in the URL, for example s3://acme-sluice/payments?region=eu-central-1&profile=releases",
			fmt.Errorf("%s: there are no credentials: %w", s.place, err))
	case skewed(err):
		return fmt.Errorf("%s: this machine's clock and the store's are further apart than the store allows, which is 15 minutes with AWS; set this machine's clock, for example by NTP: %w", s.place, err)
	case code == "QuotaExceeded" || code == "XMinioStorageFull" || stat == http.StatusInsufficientStorage:
		return fmt.Errorf("%s: %w: %w", s.place, ledger.ErrFull, err)
	case code == "InvalidRequest" && strings.Contains(err.Error(), "Object Lock"):
		return fmt.Errorf("%s: %w: Object Lock of the bucket refuses the write: %w", s.place, ledger.ErrReadOnly, err)
	}
	if unreached(err) {
		return ledger.Misplaced("the store cannot be reached", "look at the URL's region and endpoint, for example endpoint=https://minio.example:9000, and at the network between",
			fmt.Errorf("%s cannot be reached: %w", s.place, err))
	}
	return err
}

// none says whether no credentials were found, so that no request was made. The SDK has no
// type for it.
func none(err error) bool {
	return status(err) == 0 && strings.Contains(err.Error(), "get identity: get credentials: ")
}

func regionOf(err error) string {
	var e *awshttp.ResponseError
	if errors.As(err, &e) && e.Response != nil {
		if r := e.Response.Header.Get("X-Amz-Bucket-Region"); regionPattern.MatchString(r) {
			return ", " + r
		}
	}
	return ""
}

// deniedError is of what a policy forbids. A write that is forbidden is ErrReadOnly.
type deniedError struct {
	place place
	err   error
}

// Error implements error.
func (e *deniedError) Error() string {
	return fmt.Sprintf("%s: the permissions do not suffice; docs/policies has what each role needs (without s3:ListBucket S3 forbids even to look for what is not there): %v", e.place, e.err)
}

// Unwrap gives the cause.
func (e *deniedError) Unwrap() error { return e.err }

// forWriting makes a write that is forbidden ErrReadOnly.
func forWriting(err error) error {
	var denied *deniedError
	if errors.As(err, &denied) {
		return fmt.Errorf("%w: %w", ledger.ErrReadOnly, err)
	}
	return err
}

// uncertainError is of a call that failed for the reason of err when a write of it may
// have taken effect already. It hides what err says of the outcome: ErrBusy, ErrFull and
// the like mean that nothing was changed.
type uncertainError struct{ err error }

// uncertain hides what an error says of the outcome. An answer about the stream or the
// lease stands: whoever gives it has looked.
func uncertain(err error) error {
	var (
		conflict *ledger.ConflictError
		fenced   *ledger.FencedError
		moved    *ledger.LeaseConflictError
		corrupt  *ledger.CorruptError
		sealed   *ledger.SealedError
	)
	if err == nil || errors.As(err, &sealed) || errors.As(err, &conflict) || errors.As(err, &fenced) || errors.As(err, &moved) || errors.As(err, &corrupt) {
		return err
	}
	return &uncertainError{err}
}

// Error implements error.
func (e *uncertainError) Error() string {
	return fmt.Sprintf("what was sent may have taken effect, and then: %v", e.err)
}

// Is lets the context's errors through.
func (e *uncertainError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.err, target)
}
