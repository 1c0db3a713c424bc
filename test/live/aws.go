package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// api asks services of AWS without a client of each: what is cleaned up has one or two
// calls of nine services. Every request is one that may be repeated.
type api struct {
	config aws.Config
	clock  clock.Clock
}

// connect reads credentials and endpoints as for AWS's own tools: AWS_PROFILE,
// AWS_ENDPOINT_URL and so on.
func connect(ctx context.Context, region string) (*api, error) {
	cfg, err := awscloud.NewSession(awscloud.Settings{Region: region}, awscloud.Who{Actor: "live"}).Config(ctx)
	if err != nil {
		return nil, err
	}
	return &api{config: cfg, clock: clock.System{}}, nil
}

// versions are those of the services that take forms.
var versions = map[string]string{"ec2": "2016-11-15", "elasticloadbalancing": "2015-12-01", "iam": "2010-05-08", "monitoring": "2010-08-01", "sts": "2011-06-15"}

// global services are at one place for all regions of a partition.
func (a *api) place(service string) (url, region string) {
	region = a.config.Region
	if service == "iam" {
		region = "us-east-1"
	}
	switch {
	case a.config.BaseEndpoint != nil:
		return *a.config.BaseEndpoint, region
	case service == "iam":
		return "https://iam.amazonaws.com", region
	}
	return "https://" + service + "." + region + ".amazonaws.com", region
}

// form asks a service that takes forms.
func (a *api) form(ctx context.Context, service, action string, params ...string) (string, error) {
	f := url.Values{"Action": {action}, "Version": {versions[service]}}
	for i := 0; i < len(params); i += 2 {
		f.Set(params[i], params[i+1])
	}
	return a.send(ctx, service, http.MethodPost, "/", f.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
}

// json asks a service that takes JSON. The target is "prefix.Operation".
func (a *api) json(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	text, err := a.send(ctx, service, http.MethodPost, "/", string(body), map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target})
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

func (a *api) send(ctx context.Context, service, method, path, body string, header map[string]string) (string, error) {
	at, region := a.place(service)
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(at, "/")+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(body))
	digest := hex.EncodeToString(sum[:])
	for k, v := range header {
		r.Header.Set(k, v)
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", digest)
	}
	keys, err := a.config.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, digest, service, region, a.clock.Now()); err != nil {
		return "", err
	}
	resp, err := a.config.HTTPClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("%s: %s %.300s %w", service, resp.Status, text, err)
	}
	return string(text), nil
}

// elements are the texts of all elements of a name.
func elements(text, name string) []string {
	var out []string
	for _, m := range regexp.MustCompile("<"+name+">([^<]+)</"+name+">").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// account is whose the credentials are.
func (a *api) account(ctx context.Context) (string, error) {
	text, err := a.form(ctx, "sts", "GetCallerIdentity")
	if err != nil {
		return "", err
	}
	if found := elements(text, "Account"); len(found) == 1 {
		return found[0], nil
	}
	return "", fmt.Errorf("sts names no account: %.200s", text)
}
