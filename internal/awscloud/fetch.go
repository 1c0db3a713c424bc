package awscloud

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// credentials marks the errors of credentials as such, since nothing in them
// tells them from those of a call.
type credentials struct{ aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (c *credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return got, &credentialsError{err}
	}
	return got, nil
}

// credentialsError is why no call was made: there were no credentials to sign it with.
type credentialsError struct{ err error }

// Error implements error.
func (e *credentialsError) Error() string { return fmt.Sprintf("no credentials: %v", e.err) }

// Unwrap gives the cause.
func (e *credentialsError) Unwrap() error { return e.err }

// late is whether whoever gives credentials did not do so in time, which says nothing
// about them.
func (e *credentialsError) late() bool {
	var network net.Error
	return errors.Is(e.err, context.DeadlineExceeded) || errors.Is(e.err, context.Canceled) || errors.As(e.err, &network) && network.Timeout()
}

// OfCredentials says whether a call was never made, since there were no credentials to
// sign it with.
func OfCredentials(err error) bool {
	var missing *credentialsError
	return errors.As(err, &missing)
}

// unfetched says what it means that there were no credentials to sign a call with. It is
// false where that is AWS's own word, or a matter of the network.
func (s *Session) unfetched(err error, kind Kind) (message, remedy string, ok bool) {
	var missing *credentialsError
	if !errors.As(err, &missing) || Code(err) != "" || HeldUp(err) {
		return "", "", false
	}
	// A role that is assumed with what the metadata gives can be late by itself.
	none := s.atLast() && (len(s.settings.AssumeRole) == 0 || ofMetadata(missing.err))
	switch {
	case errors.Is(err, context.Canceled):
		return "the call ended while its credentials were fetched", "do it again", true
	case none && missing.late():
		return "no credentials of AWS were found: none are in " + s.looked() + ", and the machine's metadata did not answer in time", noneRemedy, true
	case none:
		return "no credentials of AWS were found: none are in " + s.looked() + ", and the machine's metadata gives none", noneRemedy, true
	case missing.late():
		return "the credentials" + s.whose() + " could not be fetched in time",
			"see whether whoever gives them answers: " + s.source() + ". It says nothing about the credentials themselves, and is tried again", true
	case kind == Credentials:
		return "the credentials" + s.whose() + " could not be had from " + s.source(), credentialsRemedy(s.settings), true
	}
	return "", "", false
}

// atLast is whether the first credentials come from the machine's metadata.
func (s *Session) atLast() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last && s.settings.WebIdentity == nil
}

// ofMetadata is whether it was the machine's metadata that gave none.
func ofMetadata(err error) bool {
	var op *smithy.OperationError
	for next := err; errors.As(next, &op); next = op.Err {
		if op.ServiceID == "ec2imds" {
			return true
		}
	}
	return false
}

// looked are the places that were looked in before the machine's metadata.
func (s *Session) looked() string {
	profile := "the profile that AWS_PROFILE names"
	if s.settings.Profile != "" {
		profile = "the profile " + s.settings.Profile
	}
	return "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), " + profile + " (~/.aws/config, ~/.aws/credentials), a web identity (AWS_WEB_IDENTITY_TOKEN_FILE), a container (AWS_CONTAINER_CREDENTIALS_FULL_URI)"
}

// source is whoever gives the credentials, as far as the settings say.
func (s *Session) source() string {
	switch {
	case len(s.settings.AssumeRole) > 0 || s.settings.WebIdentity != nil:
		return "STS, and where the credentials for it come from"
	case s.settings.Profile != "":
		return "the profile " + s.settings.Profile + " (its single sign-on, role or process)"
	}
	return "what the environment or the profile names (single sign-on, a role, a process, the container)"
}

const noneRemedy = "give some: sign in and name the profile (profile, or AWS_PROFILE), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a token of CI in assume_role_with_web_identity, or run where a role is attached; aws sts get-caller-identity says whose they are"
