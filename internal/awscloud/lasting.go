package awscloud

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

// expirationEnv is where AWS's tools write when the credentials in the environment end
// (aws configure export-credentials --format env), since the SDK does not read it.
const expirationEnv = "AWS_CREDENTIAL_EXPIRATION"

// Lasting knows until when the credentials of a configuration last: what they are got
// from may end, and the last session that was got from it goes on for a while. It is
// safe for concurrent use.
type Lasting struct {
	// source is when the credentials that all others are got from end, zero where they
	// renew themselves.
	source func() time.Time

	mu sync.Mutex
	// session is when the credentials that signed last end.
	session time.Time
}

// LastingOf reads how the credentials of a configuration come about, before any role of
// ours is put in front of them. It asks nobody.
func LastingOf(cfg aws.Config) *Lasting {
	l := &Lasting{source: func() time.Time { return time.Time{} }}
	from, ok := cfg.Credentials.(aws.CredentialProviderSource)
	if !ok {
		return l
	}
	switch sources := from.ProviderSources(); {
	case slices.Contains(sources, aws.CredentialSourceEnvVarsSTSWebIDToken), slices.Contains(sources, aws.CredentialSourceProfileSTSWebIDToken):
		if file := tokenFile(cfg); file != "" {
			l.source = func() time.Time { return endOfFile(file) }
		}
	case slices.Contains(sources, aws.CredentialSourceEnvVars):
		end, err := time.Parse(time.RFC3339, os.Getenv(expirationEnv))
		if err == nil {
			l.source = func() time.Time { return end }
		}
	}
	return l
}

// of makes the token of a web identity the source, which is read as each session is got.
func (l *Lasting) of(token *credential.Reference) {
	l.source = func() time.Time {
		switch {
		case token == nil || len(token.Command) > 0:
			return time.Time{}
		case token.File != "":
			return endOfFile(token.File)
		}
		return token.CredentialsEnd().At
	}
}

// Watch notes until when the sessions last that the credentials give.
func (l *Lasting) Watch(c aws.CredentialsProvider) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := c.Retrieve(ctx)
		if err == nil {
			l.mu.Lock()
			l.session = time.Time{}
			if got.CanExpire {
				l.session = got.Expires
			}
			l.mu.Unlock()
		}
		return got, err
	})
}

// End is when the credentials end for good. What they are got from may have ended by
// then: the session that was got last is good until its own end.
func (l *Lasting) End() credential.End {
	at := l.source()
	if at.IsZero() {
		return credential.End{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session.After(at) {
		at = l.session
	}
	return credential.End{At: at, Whose: "the credentials of AWS"}
}

// tokenFile is the file of the web identity that the configuration begins with.
func tokenFile(cfg aws.Config) string {
	for _, source := range cfg.ConfigSources {
		switch s := source.(type) {
		case config.EnvConfig:
			if s.WebIdentityTokenFilePath != "" {
				return s.WebIdentityTokenFilePath
			}
		case config.SharedConfig:
			for profile := &s; profile != nil; profile = profile.Source {
				if profile.WebIdentityTokenFile != "" {
					return profile.WebIdentityTokenFile
				}
			}
		}
	}
	return ""
}

// endOfFile is when the token in a file expires. It is read each time, since where the
// identity is a workload's, whoever runs it writes the file anew in time.
func endOfFile(file string) time.Time {
	text, err := os.ReadFile(file) // #nosec G304 -- AWS's own configuration names it.
	if err != nil {
		return time.Time{}
	}
	return credential.TokenEnd(string(text))
}

// CredentialsEnd says until when the session's credentials last, zero where they renew
// themselves or do not say. It asks nobody.
func (s *Session) CredentialsEnd() credential.End {
	s.mu.Lock()
	lasting := s.lasting
	s.mu.Unlock()
	if lasting == nil {
		return credential.End{}
	}
	return lasting.End()
}
