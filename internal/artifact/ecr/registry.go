package ecr

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// client is what of ECR is called, and all that the policy allows. It has functions, and
// neither the SDK's client nor an interface over it: of a type that reflection can find
// the linker keeps every operation.
type client struct {
	reader
	DescribeRepositories      func(context.Context, *awsecr.DescribeRepositoriesInput, ...func(*awsecr.Options)) (*awsecr.DescribeRepositoriesOutput, error)
	DescribeImageScanFindings func(context.Context, *awsecr.DescribeImageScanFindingsInput, ...func(*awsecr.Options)) (*awsecr.DescribeImageScanFindingsOutput, error)
	ListImageReferrers        func(context.Context, *awsecr.ListImageReferrersInput, ...func(*awsecr.Options)) (*awsecr.ListImageReferrersOutput, error)
	GetDownloadUrlForLayer    func(context.Context, *awsecr.GetDownloadUrlForLayerInput, ...func(*awsecr.Options)) (*awsecr.GetDownloadUrlForLayerOutput, error)
}

// reader is what comparing images takes of it (TagNames, Platforms).
type reader struct {
	DescribeImages func(context.Context, *awsecr.DescribeImagesInput, ...func(*awsecr.Options)) (*awsecr.DescribeImagesOutput, error)
	BatchGetImage  func(context.Context, *awsecr.BatchGetImageInput, ...func(*awsecr.Options)) (*awsecr.BatchGetImageOutput, error)
}

// Deps are what a registry needs of whoever asks.
type Deps struct {
	Clock clock.Clock
	Who   awscloud.Who
	// Session is one for the query's settings that the caller has; nil makes one.
	Session *awscloud.Session
}

// Registry answers one query. It is safe for concurrent use.
type Registry struct {
	query   Query
	clock   clock.Clock
	session *awscloud.Session

	mu   sync.Mutex
	made *client
}

// New makes a registry. It connects to nobody. What is wrong with the query is a
// field.Errors.
func New(q Query, deps Deps) (*Registry, error) {
	if errs := q.Validate(); len(errs) > 0 {
		return nil, errs
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	if deps.Session == nil {
		deps.Session = awscloud.NewSession(q.Settings, deps.Who)
	}
	return &Registry{query: q, clock: deps.Clock, session: deps.Session}, nil
}

// ecr gives the client, made on first use.
func (r *Registry) ecr(ctx context.Context) (*client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made != nil {
		return r.made, nil
	}
	cfg, err := r.session.Config(ctx)
	if err != nil {
		return nil, err
	}
	c := awsecr.NewFromConfig(cfg)
	r.made = &client{
		reader:                    reader{DescribeImages: c.DescribeImages, BatchGetImage: c.BatchGetImage},
		DescribeRepositories:      c.DescribeRepositories,
		DescribeImageScanFindings: c.DescribeImageScanFindings,
		ListImageReferrers:        c.ListImageReferrers,
		GetDownloadUrlForLayer:    c.GetDownloadUrlForLayer,
	}
	return r.made, nil
}

// failed makes an *awscloud.Error of what a call gave, or field.Errors of what the
// author can mend in the query.
func (r *Registry) failed(err error) error {
	switch awscloud.Code(err) {
	case "":
	case "RepositoryNotFoundException":
		return field.Errors{{Path: "repository", Msg: "there is no repository " + r.query.Repository + " in " + r.where() +
			"; look at the name, the region, and whose registry it is (registry_id, or the account of the credentials)"}}
	}
	return r.session.Explain(err)
}

// where names the registry for people.
func (r *Registry) where() string {
	if r.query.RegistryID == "" {
		return r.query.Region + ", in the account of the credentials"
	}
	return r.query.Region + ", in the account " + r.query.RegistryID
}

func (r *Registry) name() *string { return aws.String(r.query.Repository) }

// registry is nil for that of the credentials.
func (r *Registry) registry() *string {
	if r.query.RegistryID == "" {
		return nil
	}
	return aws.String(r.query.RegistryID)
}
