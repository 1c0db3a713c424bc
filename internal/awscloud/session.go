package awscloud

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Session makes clients of the settings, on first use: opening a target or a
// signal must neither read files nor ask anybody. It is safe for concurrent use.
type Session struct {
	settings Settings
	who      Who

	mu     sync.Mutex
	loaded *aws.Config
	// ambient is the address that the environment has for all services, if any.
	ambient *string
	// last is whether the credentials come from the machine's metadata, which is where
	// AWS's own tools look last: nothing was found in any other place.
	last bool
	// lasting knows until when the credentials last.
	lasting *Lasting
}

// Who says for whom calls are made; AWS's own log has it in the session's name.
type Who struct {
	// Actor is who acts: "ci@acme". Subject is for what: "checkout/production".
	Actor, Subject string
	// UserAgent is "product/version".
	UserAgent string
}

// NewSession makes a session. It reads and asks nothing.
func NewSession(s Settings, who Who) *Session { return &Session{settings: s, who: who} }

// Settings gives what the session was made of.
func (s *Session) Settings() Settings { return s.settings }

// Config gives the SDK's configuration for clients, the same at each call. Its
// retries are shared by all sessions of this process with the same account and
// region. What goes wrong is an *Error.
func (s *Session) Config(ctx context.Context) (aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded != nil {
		return *s.loaded, nil
	}
	cfg, err := s.load(ctx)
	if err != nil {
		return aws.Config{}, &Error{Kind: Credentials, Message: "AWS's configuration cannot be read",
			Remedy: "look at the profile, and at the files ~/.aws/config and ~/.aws/credentials", Err: err}
	}
	s.loaded = &cfg
	return cfg, nil
}

// Elsewhere is a configuration of Config's for services beside the driver's own, whose
// endpoint in the settings is of that one alone, unless it is an emulator's. They are
// where the environment says (AWS_ENDPOINT_URL), or else at AWS.
func (s *Session) Elsewhere(cfg aws.Config) aws.Config {
	if !s.Emulated() {
		cfg.BaseEndpoint = s.ambient
	}
	return cfg
}

func (s *Session) load(ctx context.Context) (aws.Config, error) {
	set := s.settings
	options := []func(*config.LoadOptions) error{
		// Only this one takes the certificates of AWS_CA_BUNDLE; it heeds proxies too.
		config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithRegion(set.Region),
		config.WithLogger(logging.Nop{}), // Standard error belongs to the terminal.
	}
	shared := retryerOf(set)
	options = append(options, config.WithRetryer(func() aws.Retryer { return shared }))
	if set.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(set.Profile))
	}
	if set.FIPS {
		options = append(options, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if set.DualStack {
		options = append(options, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if product, version, ok := strings.Cut(s.who.UserAgent, "/"); ok {
		options = append(options, config.WithAPIOptions(apiOptions(middleware.AddUserAgentKeyValue(product, version))))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, err
	}
	s.last = aws.IsCredentialsProvider(cfg.Credentials, (*ec2rolecreds.Provider)(nil))
	s.lasting = LastingOf(cfg)
	s.assume(&cfg)
	cfg.Credentials = &credentials{s.lasting.Watch(cfg.Credentials)}
	s.ambient = cfg.BaseEndpoint
	if set.Endpoint != "" {
		// From here on clients are those of drivers; the ones of STS are made already.
		cfg.BaseEndpoint = aws.String(set.Endpoint)
	}
	return cfg, nil
}

// assume puts the chain of roles in front of the credentials. Each role is assumed
// when its credentials are first needed.
func (s *Session) assume(cfg *aws.Config) {
	name := sessionName(s.who)
	if w := s.settings.WebIdentity; w != nil {
		s.lasting.of(w.Token)
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg.Copy()), w.ARN, token{w.Token},
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = name }))
	}
	for _, r := range s.settings.AssumeRole {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg.Copy()), r.ARN,
			func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = name
				o.Duration = minSession
				if d, err := time.ParseDuration(r.Duration); err == nil {
					o.Duration = d
				}
				if r.ExternalID != "" {
					o.ExternalID = aws.String(r.ExternalID)
				}
				if r.SourceIdentity {
					o.SourceIdentity = aws.String(plain(s.who.Actor))
				}
			}))
	}
}

// maxSessionName is AWS's bound, in characters.
const maxSessionName = 64

var notPlain = pattern.New(`[^\w+=,.@-]+`)

// plain leaves what AWS takes in names of sessions and in source identities.
func plain(text string) string {
	text = notPlain.ReplaceAllString(text, "-")
	return text[:min(len(text), maxSessionName)]
}

// sessionName names for what and by whom a role is used. The actor is kept whole
// when the two are too long.
func sessionName(who Who) string {
	actor, subject := plain(who.Actor), plain(who.Subject)
	if subject != "" {
		room := max(0, maxSessionName-len("sluice--")-len(actor))
		subject = "-" + subject[:min(len(subject), room)]
	}
	return plain(strings.TrimSuffix("sluice"+subject+"-"+actor, "-"))
}

// Emulated says whether the endpoint is of this machine: an emulator, which answers
// for every service at one address. Any other endpoint is of one service alone.
func (s *Session) Emulated() bool { return s.settings.local() }
