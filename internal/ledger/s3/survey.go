package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Surveyor = (*Ledger)(nil)

// Survey implements ledger.Surveyor. It lists the whole prefix, a request for each
// thousand objects.
func (l *Ledger) Survey(ctx context.Context, opts ledger.SurveyOptions) (ledger.Survey, error) {
	var s ledger.Survey
	if err := l.time(ctx, &s); err != nil {
		return s, err
	}
	s.Findings = append(s.Findings, l.rights(ctx), l.versions(ctx), l.openness(ctx), l.lock(ctx), l.encryption(ctx))
	if err := l.size(ctx, &s); err != nil {
		return s, err
	}
	if opts.Write {
		start := l.opts.Clock.Now()
		if err := ledger.TryWrite(ctx, l); err != nil {
			s.Findings = append(s.Findings, ledger.Finding{Check: "write", State: ledger.Wrong, Value: "refused: " + err.Error()})
		} else {
			s.WriteTrip = l.opts.Clock.Now().Sub(start)
		}
	}
	return s, nil
}

// time makes the smallest request, and takes the store's clock from its answer.
func (l *Ledger) time(ctx context.Context, s *ledger.Survey) error {
	err := l.store.call(ctx, func(ctx context.Context) error {
		s.AskedAt = l.opts.Clock.Now()
		out, err := l.store.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &l.place.bucket, Key: aws.String(l.place.prefix + aboutKey)})
		s.AnsweredAt = l.opts.Clock.Now()
		if err == nil {
			if at, ok := middleware.GetServerTime(out.ResultMetadata); ok {
				s.StoreTime = at
			}
		}
		return err
	})
	s.RoundTrip = s.AnsweredAt.Sub(s.AskedAt)
	return err
}

// rights proves that conditional writes are honoured, which shows that this role may
// write as well.
func (l *Ledger) rights(ctx context.Context) ledger.Finding {
	f := ledger.Finding{Check: "conditional writes", State: ledger.Fine, Value: "honoured, and this role may write"}
	switch err := l.writable(ctx); {
	case errors.Is(err, ledger.ErrReadOnly):
		f.State, f.Value = ledger.Warned, "not tried: this role, or this handle, may only read"
		f.Remedy = "to release it needs docs/policies/s3-releaser.json"
	case err != nil:
		f.State, f.Value, f.Remedy = ledger.Wrong, err.Error(), "keep the ledger in a store that honours conditional writes"
	}
	return f
}

func (l *Ledger) versions(ctx context.Context) ledger.Finding {
	f := ledger.Finding{Check: "versioning", State: ledger.Fine, Value: "enabled"}
	switch err := l.keepsVersions(ctx); {
	case err == nil:
	case l.place.unversioned:
		f.State, f.Value = ledger.Warned, "not enabled, which allow_unversioned=true allows"
		f.Remedy = "without versions nobody brings back what is overwritten or deleted: enable versioning"
	case strings.Contains(err.Error(), "s3:GetBucketVersioning"):
		f.State, f.Value, f.Remedy = ledger.Unknown, "this role may not ask", "the statement Inspect of docs/policies allows it"
	default:
		f.State, f.Value, f.Remedy = ledger.Wrong, "not enabled", "enable versioning: without it nobody brings back what is overwritten or deleted"
	}
	return f
}

func (l *Ledger) openness(ctx context.Context) ledger.Finding {
	f := ledger.Finding{Check: "public access", State: ledger.Fine, Value: "none"}
	switch by, err := l.public(ctx); {
	case err != nil:
		f.State, f.Value = ledger.Unknown, err.Error()
	case by != "":
		f.State, f.Value = ledger.Wrong, "open to everybody by its "+by
		f.Remedy = "block public access, for example with aws s3api put-public-access-block"
	case !l.mayAskPublic(ctx):
		f.State, f.Value, f.Remedy = ledger.Unknown, "this role may not ask", "the statement Inspect of docs/policies allows it"
	}
	return f
}

// mayAskPublic says whether anybody answered a question about public access.
func (l *Ledger) mayAskPublic(ctx context.Context) bool {
	err := l.store.call(ctx, func(ctx context.Context) error {
		_, err := l.store.client.GetBucketAcl(ctx, &awss3.GetBucketAclInput{Bucket: &l.place.bucket})
		return err
	})
	return err == nil
}

func (l *Ledger) lock(ctx context.Context) ledger.Finding {
	f := ledger.Finding{Check: "object lock", State: ledger.Told, Value: "none"}
	err := l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetObjectLockConfiguration(ctx, &awss3.GetObjectLockConfigurationInput{Bucket: &l.place.bucket})
		if err == nil && out.ObjectLockConfiguration != nil && out.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled {
			f.Value = "enabled, without a default retention"
			if rule := out.ObjectLockConfiguration.Rule; rule != nil && rule.DefaultRetention != nil {
				r := rule.DefaultRetention
				f.Value = fmt.Sprintf("%s, %d days and %d years", strings.ToLower(string(r.Mode)), aws.ToInt32(r.Days), aws.ToInt32(r.Years))
			}
			f.State = ledger.Fine
		}
		return err
	})
	if err != nil && (!cannotSay(err) || status(err) == 403) {
		f.State, f.Value = ledger.Unknown, "this role may not ask"
	}
	return f
}

func (l *Ledger) encryption(ctx context.Context) ledger.Finding {
	f := ledger.Finding{Check: "encryption", State: ledger.Told, Value: "the store does not say"}
	err := l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetBucketEncryption(ctx, &awss3.GetBucketEncryptionInput{Bucket: &l.place.bucket})
		if err != nil || out.ServerSideEncryptionConfiguration == nil {
			return err
		}
		for _, r := range out.ServerSideEncryptionConfiguration.Rules {
			if by := r.ApplyServerSideEncryptionByDefault; by != nil {
				f.State, f.Value = ledger.Fine, strings.TrimSpace(string(by.SSEAlgorithm)+" "+aws.ToString(by.KMSMasterKeyID))
			}
		}
		return nil
	})
	if err != nil && status(err) == 403 {
		f.State, f.Value = ledger.Unknown, "this role may not ask"
	}
	return f
}

// size adds up the objects that are there now. Former versions are not among them.
func (l *Ledger) size(ctx context.Context, s *ledger.Survey) error {
	var next *string
	for {
		var page *awss3.ListObjectsV2Output
		err := l.store.call(ctx, func(ctx context.Context) (err error) {
			page, err = l.store.client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: &l.place.bucket, Prefix: aws.String(l.place.prefix), ContinuationToken: next})
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			s.Objects++
			s.Bytes += uint64(max(aws.ToInt64(o.Size), 0))
		}
		if next = page.NextContinuationToken; next == nil || !aws.ToBool(page.IsTruncated) {
			return nil
		}
	}
}
