package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxPages bounds how many pages one answer may have.
const maxPages = 100

// maxCount is the greatest count that a float64 still counts one by one.
const maxCount = 1 << 53

// series is what CloudWatch has for one query, by the beginning of each period in Unix
// seconds.
type series map[int64]float64

// newest is the last period of which there is anything, 0 where there is none.
func (s series) newest() int64 {
	last := int64(0)
	for at := range s {
		last = max(last, at)
	}
	return last
}

// batch collects the queries of one question.
type batch struct {
	queries []types.MetricDataQuery
	ids     map[string]string
}

// add asks for a selector and says under which id the answer comes. What was asked for
// already is not asked for twice.
func (b *batch) add(s Selector, arm, statistic string, over time.Duration) string {
	seconds := aws.Int32(int32(over / time.Second))
	same := fmt.Sprintf("%v|%s|%s|%d", s, arm, statistic, *seconds)
	if id, ok := b.ids[same]; ok {
		return id
	}
	if b.ids == nil {
		b.ids = map[string]string{}
	}
	id := "q" + strconv.Itoa(len(b.queries))
	b.ids[same] = id
	q := types.MetricDataQuery{Id: aws.String(id)}
	if s.Expression != "" {
		q.Expression, q.Period = aws.String(strings.ReplaceAll(s.Expression, ArmMark, arm)), seconds
	} else {
		m := &types.Metric{Namespace: aws.String(s.Namespace), MetricName: aws.String(s.Name)}
		for _, name := range slices.Sorted(maps.Keys(s.Dimensions)) {
			m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(strings.ReplaceAll(s.Dimensions[name], ArmMark, arm))})
		}
		q.MetricStat = &types.MetricStat{Metric: m, Period: seconds, Stat: aws.String(statistic)}
	}
	b.queries = append(b.queries, q)
	return id
}

// fetch asks for all queries of the batch in one call and its pages. Whatever is not
// whole is an error: a part of the data may be missing, and nobody says which.
func (s *source) fetch(ctx context.Context, b *batch, from, to time.Time) (map[string]series, error) {
	out := map[string]series{}
	if len(b.queries) == 0 {
		return out, ctx.Err()
	}
	if len(b.queries) > maxQueries {
		return nil, fmt.Errorf("the question takes %d queries, and CloudWatch answers %d at once; spread the metrics over several signals", len(b.queries), maxQueries)
	}
	bounded, cancel := context.WithTimeout(ctx, s.cloud.timeout)
	defer cancel()
	c, err := s.cloud.client(bounded)
	if err != nil {
		return nil, s.cloud.failed(ctx, err)
	}
	in := &awscloudwatch.GetMetricDataInput{MetricDataQueries: b.queries, StartTime: aws.Time(from), EndTime: aws.Time(to), ScanBy: types.ScanByTimestampAscending}
	status := map[string]types.StatusCode{}
	for range maxPages {
		page, err := c.GetMetricData(bounded, in)
		if err != nil {
			return nil, s.cloud.failed(ctx, err)
		}
		if err := take(page, out, status); err != nil {
			return nil, err
		}
		if aws.ToString(page.NextToken) == "" {
			return out, whole(status)
		}
		in.NextToken = page.NextToken
	}
	return nil, fmt.Errorf("the answer of CloudWatch has more than %d pages; spread the metrics over several signals", maxPages)
}

// take adds a page's data points. A search may answer one query with several series,
// which are added up.
func take(page *awscloudwatch.GetMetricDataOutput, out map[string]series, status map[string]types.StatusCode) error {
	for _, m := range page.Messages {
		return fmt.Errorf("CloudWatch says of its answer: %s: %s", aws.ToString(m.Code), aws.ToString(m.Value))
	}
	for _, r := range page.MetricDataResults {
		id := aws.ToString(r.Id)
		if len(r.Timestamps) != len(r.Values) {
			return errors.New("CloudWatch's answer has times without values")
		}
		if out[id] == nil {
			out[id] = series{}
		}
		for i, at := range r.Timestamps {
			if v := r.Values[i]; math.IsNaN(v) || v < 0 || v > maxCount {
				return fmt.Errorf("CloudWatch has the value %v at %s, which is no count", v, at.UTC().Format(time.RFC3339))
			}
			out[id][at.Unix()] += r.Values[i]
		}
		status[id] = r.StatusCode
		if r.StatusCode == types.StatusCodeForbidden {
			return fmt.Errorf("CloudWatch does not let these credentials read %s", aws.ToString(r.Label))
		}
	}
	return nil
}

// whole says whether the last word on each query is that all of it came.
func whole(status map[string]types.StatusCode) error {
	for _, id := range slices.Sorted(maps.Keys(status)) {
		if s := status[id]; s != types.StatusCodeComplete {
			return fmt.Errorf("CloudWatch's answer is not whole (%s of query %s); it is asked again with the next look", s, id)
		}
	}
	return nil
}

// rank is the statistic that says which percentage of a latency's values is at most
// the threshold.
func rank(m metric, slowerThan time.Duration) string {
	return "PR(:" + strconv.FormatFloat(slowerThan.Seconds()*m.scale, 'f', -1, 64) + ")"
}

// ids are the queries of one metric in one arm.
type ids struct {
	all string
	bad []string
	// rank is that of the percentile rank of a latency.
	rank string
}

func (b *batch) metric(q query, arm string, over time.Duration) ids {
	m := q.metric
	if m.isLatency() {
		return ids{all: b.add(*m.latency, arm, statSamples, over), rank: b.add(*m.latency, arm, rank(m, q.slowerThan), over)}
	}
	out := ids{all: b.add(*m.total, arm, m.total.Statistic, over)}
	for _, s := range m.bad {
		out.bad = append(out.bad, b.add(s, arm, s.Statistic, over))
	}
	return out
}

// at reads one period. A latency whose percentile rank is not there yet is not known;
// a counter of bad events that is not there counted none.
func (i ids) at(data map[string]series, when int64) (t tally, known bool) {
	all, known := data[i.all][when]
	if !known {
		return tally{}, false
	}
	t.All = math.Round(all)
	if i.rank != "" {
		percent, ok := data[i.rank][when]
		if !ok && t.All > 0 {
			return tally{}, false
		}
		t.Bad = t.All - math.Round(t.All*percent/100)
		return t, true
	}
	for _, id := range i.bad {
		t.Bad += math.Round(data[id][when])
	}
	t.Bad = min(t.Bad, t.All) // Connections that broke are not among the requests.
	return t, true
}
