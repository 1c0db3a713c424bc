package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// place is what a ledger's URL says.
type place struct {
	bucket string
	// prefix is empty, or ends with a slash.
	prefix string
	region string
	// endpoint is empty for AWS itself.
	endpoint  string
	pathStyle bool
	profile   string
	// unversioned allows a bucket that keeps no former versions.
	unversioned bool
}

// String names the place in messages. Nothing in it is secret.
func (p place) String() string { return "s3://" + p.bucket + "/" + strings.TrimSuffix(p.prefix, "/") }

// maxPrefix leaves room for our own part of a key, which may have 1,024 bytes.
const maxPrefix = 400

const example = "for example s3://acme-sluice/payments?region=eu-central-1"

var (
	bucketPattern = pattern.New(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionPattern = pattern.New(`^[a-z0-9-]{1,40}$`)
	prefixPattern = pattern.New(`^[0-9A-Za-z!_.*'()-]+$`)
)

// Check says whether Open would know what to do with url, without a request.
func Check(url string) error {
	_, err := parse(url)
	return err
}

// Place names bucket and prefix, and nothing else of url.
func Place(url string) string {
	p, err := parse(url)
	if err != nil {
		return "s3:"
	}
	return p.String()
}

// parse reads a ledger's URL. Errors repeat nothing of it that could be a secret.
func parse(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return place{}, fmt.Errorf("it is not s3://BUCKET/PREFIX; %s", example)
	}
	if u.User != nil {
		return place{}, errors.New("credentials stand in it; they come from where AWS's tools take them: AWS_PROFILE, AWS_ACCESS_KEY_ID, the instance's role, or a profile that the URL names, for example s3://acme-sluice/payments?profile=releases")
	}
	p := place{bucket: u.Host}
	if !bucketPattern.MatchString(p.bucket) {
		return place{}, fmt.Errorf("what stands behind s3:// is not a bucket's name, which has 3 to 63 lower-case letters, digits, dots and hyphens; %s", example)
	}
	if p.prefix, err = parsePrefix(u.Path); err != nil {
		return place{}, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return place{}, fmt.Errorf("what stands behind ? cannot be read; %s", example)
	}
	return p, p.parameters(query)
}

// parsePrefix brings a path to what begins every key. What could climb out of the
// prefix, or look like another one to some store, is refused.
func parsePrefix(path string) (string, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return "", nil
	}
	if len(path) > maxPrefix {
		return "", fmt.Errorf("the prefix has %d bytes, and may have %d", len(path), maxPrefix)
	}
	for part := range strings.SplitSeq(path, "/") {
		if !prefixPattern.MatchString(part) || strings.Trim(part, ".") == "" {
			return "", errors.New("the prefix has a part that is empty, \".\", \"..\" or holds other characters than letters, digits and !_.*'()-; for example s3://acme-sluice/payments/eu")
		}
		if part+"/" == headDir || part+"/" == partDir || part+"/" == leaseDir {
			return "", fmt.Errorf("the prefix has a part %q, which is a ledger's own folder; for example s3://acme-sluice/payments/eu", part)
		}
	}
	return path + "/", nil
}

func (p *place) parameters(query url.Values) error {
	for name, values := range query {
		value := values[len(values)-1]
		var err error
		switch name {
		case "region":
			p.region = value
			if !regionPattern.MatchString(value) {
				err = errors.New("region is no region's name, for example region=eu-central-1")
			}
		case "endpoint":
			p.endpoint, err = parseEndpoint(value)
		case "profile":
			p.profile = value
			if value == "" || strings.ContainsFunc(value, unicode.IsControl) {
				err = errors.New("profile is no profile's name, for example profile=releases")
			}
		case "path_style":
			p.pathStyle, err = parseBool(name, value)
		case "allow_unversioned":
			p.unversioned, err = parseBool(name, value)
		default:
			err = fmt.Errorf("the parameter %.40q is unknown; allowed are region, endpoint, path_style, profile and allow_unversioned", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func parseBool(name, value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("%s is neither true nor false, for example %s=true", name, name)
	}
	return b, nil
}

func parseEndpoint(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("endpoint is not http:// or https:// with a host and nothing secret, for example endpoint=https://minio.example:9000")
	}
	return value, nil
}
