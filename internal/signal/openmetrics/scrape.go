package openmetrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
)

const (
	// maxBytes bounds an answer after decompression.
	maxBytes = 16 << 20
	// MaxSeries bounds the series that the configured metrics take up, since the
	// cursor keeps a number for each.
	MaxSeries = 10_000
)

// accept prefers the classic text format, because the parser takes
// milliseconds for each line of OpenMetrics.
const accept = "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5"

// maxName is how much of a line is looked at to find the metric's name.
const maxName = 512

// families are the metrics of one scrape by name.
type families map[string]*dto.MetricFamily

// scrape asks one endpoint once and keeps the families that are wanted.
func (s *source) scrape(ctx context.Context, address string) (families, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address of the endpoint is not a URL")
	}
	place := req.URL.Scheme + "://" + req.URL.Host + req.URL.Path
	req.Header.Set("Accept", accept)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, s.unanswered(err, place)
	}
	body, err := httpclient.ReadAll(resp, maxBytes)
	if resp.StatusCode != http.StatusOK {
		return nil, s.refused(resp, place)
	}
	if err != nil {
		return nil, s.unanswered(err, place)
	}
	found, err := s.decode(resp.Header, body)
	if err != nil {
		return nil, fmt.Errorf("unable to read the metrics of %s: %w", place, err)
	}
	return found, nil
}

func (s *source) unanswered(err error, place string) error {
	var failed *httpclient.Error
	if errors.As(err, &failed) {
		err = failed.Err // The place is named already.
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("unable to scrape %s: there was no whole answer in time (timeout %s): %w", place, s.plan.timeout, err)
	}
	return fmt.Errorf("unable to scrape %s: %w", place, err)
}

// refused says what to do about an answer that is not 200. Its body is left out,
// since nobody knows what is in it.
func (s *source) refused(resp *http.Response, place string) error {
	msg := fmt.Sprintf("unable to scrape %s: it answered %s, and 200 is wanted", place, resp.Status)
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		if s.plan.token == nil {
			return errors.New(msg + "; no token was sent: give one by reference, for example token = { env = \"METRICS_TOKEN\" }")
		}
		return fmt.Errorf("%s; check the token in %s", msg, s.plan.token)
	}
	return errors.New(msg)
}

// errNoMetrics means that an answer was well formed and held nothing, which is
// no data and not "no traffic".
var errNoMetrics = errors.New("the answer holds no metrics at all")

func (s *source) decode(header http.Header, body []byte) (families, error) {
	format := expfmt.ResponseFormat(header)
	kind := format.FormatType()
	if kind != expfmt.TypeTextPlain && kind != expfmt.TypeOpenMetrics {
		media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
		if err != nil {
			media = "unknown"
		}
		return nil, fmt.Errorf("the content type is %s; the Prometheus text format 0.0.4 (text/plain) and OpenMetrics 1.0 (application/openmetrics-text) can be read", media)
	}
	kept, samples := filter(body, s.wanted)
	if samples == 0 {
		return nil, errNoMetrics
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(kept), format)
	found, series := families{}, 0
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		series += len(family.GetMetric())
		if series > MaxSeries {
			return nil, fmt.Errorf("the configured metrics have more than %d series; serve fewer labels, or give the release an endpoint of its own", MaxSeries)
		}
		found[family.GetName()] = family
	}
}

// filter keeps the lines of the wanted metrics, and every line that does not
// plainly belong to another, so that the parser still refuses what is no metric.
// It also says how many samples the whole answer has.
func filter(body []byte, wanted map[string]bool) (kept []byte, samples int) {
	for line := range bytes.Lines(body) {
		name := strings.TrimLeft(string(line[:min(len(line), maxName)]), " \t")
		switch rest, descriptor := strings.CutPrefix(name, "# "); {
		case descriptor:
			_, name, _ = strings.Cut(rest, " ")
		case strings.TrimSpace(name) != "" && name[0] != '#':
			samples++
		}
		if end := strings.IndexAny(name, "{ \t\r\n"); end >= 0 {
			name = name[:end]
		}
		if wanted[name] || !metricName.MatchString(name) {
			kept = append(kept, line...)
		}
	}
	return kept, samples
}

// names lists how the wanted metrics may be called in an exposition.
func (p *plan) names() map[string]bool {
	out := map[string]bool{}
	for _, m := range p.metrics {
		if m.latency() {
			for _, suffix := range []string{"", "_bucket", "_count", "_sum", "_created"} {
				out[m.histogram+suffix] = true
			}
			continue
		}
		for _, name := range []string{m.total.name, m.bad.name} {
			if base := strings.TrimSuffix(name, "_total"); base != "" {
				out[base], out[base+"_total"], out[base+"_created"] = true, true, true
			}
		}
	}
	return out
}

// family finds a counter by its name with or without "_total", which OpenMetrics
// demands and the classic text format does not.
func (f families) family(name string) *dto.MetricFamily {
	base := strings.TrimSuffix(name, "_total")
	for _, candidate := range []string{name, base + "_total", base} {
		if found := f[candidate]; found != nil {
			return found
		}
	}
	return nil
}
