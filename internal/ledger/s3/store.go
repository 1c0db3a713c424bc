package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// callTimeout bounds one request, answer included. A head of the greatest size passes
// in it at 200 kB a second.
const callTimeout = 30 * time.Second

// store is the requests that a ledger makes of a bucket, each bounded and repeated.
// The SDK repeats nothing by itself: a conditional write that is repeated meets its
// own first success, and only we know what to look for then.
type store struct {
	client   *awss3.Client
	http     *http.Client
	place    place
	clock    clock.Clock
	patience time.Duration
	lasting  *awscloud.Lasting
	// answered is whether the store has ever answered.
	answered *atomic.Bool
	// Readings are of the store's clock, out of each answer's Date.
	*ledger.Readings
	// slots holds a token for each request under way.
	slots chan struct{}
}

// maxRequests is how many requests a handle makes at once.
const maxRequests = 64

// connect builds the client. No request is made for it, except where credentials have
// to be fetched when the first one is.
func connect(ctx context.Context, at place, opts Options) (*store, error) {
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(awshttp.NewBuildableClient())}
	if at.region != "" {
		load = append(load, config.WithRegion(at.region))
	}
	if at.profile != "" {
		load = append(load, config.WithSharedConfigProfile(at.profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, ledger.Misplaced("AWS's configuration cannot be read", "look at AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, and at the profile in the URL, for example profile=releases",
			fmt.Errorf("%s: AWS's configuration cannot be read: %w", at, err))
	}
	endpoint := at.endpoint
	if endpoint == "" && cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint
	}
	if cfg.Region == "" {
		if endpoint == "" {
			return nil, ledger.Misplaced("nobody says in which region the bucket is", "name it in the URL, "+example+", or in AWS_REGION",
				fmt.Errorf("%s: no region is known; name the bucket's, %s, or by AWS_REGION", at, example))
		}
		// Stores other than AWS's have none, and the signature needs one.
		cfg.Region = "us-east-1"
	}
	lasting := awscloud.LastingOf(cfg)
	cfg.Credentials = lasting.Watch(cfg.Credentials)
	s := &store{lasting: lasting, answered: &atomic.Bool{}, Readings: &ledger.Readings{}, place: at, clock: opts.Clock, patience: opts.BusyTimeout, slots: make(chan struct{}, maxRequests)}
	s.http = transport(cfg)
	s.http.Transport = dated{RoundTripper: s.http.Transport, store: s}
	s.client = awss3.NewFromConfig(cfg, func(o *awss3.Options) {
		o.HTTPClient = s.http
		o.Retryer = aws.NopRetryer{}
		// Standard error belongs to the terminal.
		o.Logger = logging.Nop{}
		o.UsePathStyle = at.pathStyle
		o.DisableLogOutputChecksumValidationSkipped = true
		if at.endpoint != "" {
			o.BaseEndpoint = aws.String(at.endpoint)
		}
	})
	return s, nil
}

// transport is the client that the SDK made of the configuration, with the
// certificates that AWS_CA_BUNDLE names, as one that can be closed.
func transport(cfg aws.Config) *http.Client {
	var t *http.Transport
	if c, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		t = c.GetTransport()
	} else {
		t = awshttp.NewBuildableClient().GetTransport()
	}
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*maxRequests, maxRequests
	t.ResponseHeaderTimeout = callTimeout
	// A bucket in another region answers with a redirect, which is to be reported.
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// dated takes the store's clock out of each answer, so that nobody has to ask for it.
type dated struct {
	http.RoundTripper
	store *store
}

// RoundTrip implements http.RoundTripper.
func (d dated) RoundTrip(req *http.Request) (*http.Response, error) {
	reading := ledger.Reading{Asked: d.store.clock.Now()}
	resp, err := d.RoundTripper.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	d.store.answered.Store(true)
	reading.Answered = d.store.clock.Now()
	if reading.Store, err = http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.store.Keep(reading)
	}
	return resp, nil
}

// CloseIdleConnections passes http.Client's call on.
func (d dated) CloseIdleConnections() {
	if c, ok := d.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (s *store) close() { s.http.CloseIdleConnections() }

// object is what a GET gives. It is empty, without ETag, where nothing is.
type object struct {
	data []byte
	etag string
}

// errUnchanged is of a GET whose ETag is still the object's.
var errUnchanged = errors.New("not modified")

// get reads an object. With an etag it is errUnchanged while that is the object's.
func (s *store) get(ctx context.Context, key, etag string) (object, error) {
	var got object
	err := s.call(ctx, func(ctx context.Context) error {
		in := &awss3.GetObjectInput{Bucket: &s.place.bucket, Key: aws.String(s.place.prefix + key)}
		if etag != "" {
			in.IfNoneMatch = &etag
		}
		out, err := s.client.GetObject(ctx, in)
		if err != nil {
			return err
		}
		defer out.Body.Close() //nolint:errcheck // What was read was checked.
		data, err := io.ReadAll(io.LimitReader(out.Body, maxObject))
		if err != nil {
			return &bodyError{err}
		}
		got = object{data: data, etag: aws.ToString(out.ETag)}
		return nil
	})
	switch {
	case status(err) == http.StatusNotModified:
		return object{}, errUnchanged
	case isAbsent(err):
		return object{}, nil
	}
	var denied *deniedError
	if errors.As(err, &denied) && s.unlisted(ctx, key) {
		return object{}, nil
	}
	return got, err
}

// unlisted says whether an object surely is not there. To whom may list a prefix alone
// a store may forbid to look for what is not there.
func (s *store) unlisted(ctx context.Context, key string) bool {
	there, err := s.list(ctx, key, 1)
	return err == nil && (len(there) == 0 || there[0].key != key)
}

// errCondition is of a write whose condition did not hold. The write may be this very
// one, if an answer to it was lost: whoever writes looks.
var errCondition = errors.New("the condition of the write does not hold")

// errOwnCondition is errCondition of a write that was repeated since its first answer was
// lost, so that what the condition met may be the write itself.
var errOwnCondition = fmt.Errorf("%w, perhaps since it took effect before", errCondition)

// put writes an object where etag is still the object's; empty, where there is none.
// It returns the new ETag.
func (s *store) put(ctx context.Context, key string, data []byte, etag string) (string, error) {
	in := func() *awss3.PutObjectInput {
		in := &awss3.PutObjectInput{
			Bucket: &s.place.bucket, Key: aws.String(s.place.prefix + key), Body: bytes.NewReader(data),
			ContentLength: aws.Int64(int64(len(data))), ContentType: aws.String("application/gzip"),
			// Computed here it goes into a header. The SDK would put it behind the body,
			// in an encoding that not every store reads.
			// Its name is for buckets with Object Lock and a default retention, which take no
			// write that does not say how its content is checked.
			ChecksumCRC32: aws.String(checksum(data)), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		}
		if etag == "" {
			in.IfNoneMatch = aws.String("*")
		} else {
			in.IfMatch = &etag
		}
		return in
	}
	var written string
	open, err := s.callOpen(ctx, func(ctx context.Context) error {
		out, err := s.client.PutObject(ctx, in())
		if err == nil {
			written = aws.ToString(out.ETag)
		}
		return err
	})
	switch {
	case isCondition(err) && open:
		return "", errOwnCondition
	case isCondition(err):
		return "", errCondition
	case open:
		err = uncertain(err)
	}
	return written, err
}

func checksum(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)))
}

// listed is an object as a listing has it.
type listed struct{ key, etag string }

// list returns the objects whose keys begin with prefix, in the order of keys, without
// the ledger's own prefix. A limit of 0 is none.
func (s *store) list(ctx context.Context, prefix string, limit int) ([]listed, error) {
	var (
		out  []listed
		next *string
	)
	for {
		var page *awss3.ListObjectsV2Output
		err := s.call(ctx, func(ctx context.Context) (err error) {
			in := &awss3.ListObjectsV2Input{Bucket: &s.place.bucket, Prefix: aws.String(s.place.prefix + prefix), ContinuationToken: next}
			if limit > 0 {
				in.MaxKeys = aws.Int32(int32(limit))
			}
			page, err = s.client.ListObjectsV2(ctx, in)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			out = append(out, listed{key: aws.ToString(o.Key)[len(s.place.prefix):], etag: aws.ToString(o.ETag)})
		}
		if next = page.NextContinuationToken; next == nil || !aws.ToBool(page.IsTruncated) || limit > 0 {
			return out, nil
		}
	}
}
