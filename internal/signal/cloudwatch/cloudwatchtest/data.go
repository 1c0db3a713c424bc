package cloudwatchtest

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metric is what was put under one name with its dimensions.
type metric struct {
	values []value
	// known is since when it is there, though nothing may have happened.
	known time.Time
}

type value struct {
	at, seen time.Time
	v        float64
}

// name writes a metric as one text: "AWS/Lambda Errors ExecutedVersion=7 ...".
func name(namespace, metric string, dimensions map[string]string) string {
	var parts []string
	for n, v := range dimensions {
		parts = append(parts, n+"="+v)
	}
	slices.Sort(parts)
	return strings.Join(append([]string{namespace, metric}, parts...), " ")
}

// Put writes values with the present time. With none the metric becomes known.
func (s *Server) Put(namespace, metricName string, dimensions map[string]string, values ...float64) {
	s.PutLate(s.Lag, namespace, metricName, dimensions, values...)
}

// PutLate writes values with the present time, which can be seen after another lag.
func (s *Server) PutLate(lag time.Duration, namespace, metricName string, dimensions map[string]string, values ...float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := name(namespace, metricName, dimensions)
	m := s.metrics[key]
	if m == nil {
		m = &metric{known: s.Now()}
		s.metrics[key] = m
	}
	for _, v := range values {
		m.values = append(m.values, value{at: s.Now(), seen: s.Now().Add(lag), v: v})
	}
}

// data answers GetMetricData, in pages of data points.
func (s *Server) data(given map[string]any) map[string]any {
	from, to := int64(given["StartTime"].(float64)), int64(given["EndTime"].(float64)) //nolint:forcetypeassert // The model has checked it.
	queries, _ := given["MetricDataQueries"].([]any)
	skip := 0
	if token, ok := given["NextToken"].(string); ok {
		skip, _ = strconv.Atoi(token)
	}
	results, next, room := []any{}, "", s.Page
	if room == 0 {
		room = math.MaxInt
	}
	seen := 0
	for i, q := range queries {
		q, _ := q.(map[string]any)
		times, values := s.answer(q, from, to)
		first := min(max(skip-seen, 0), len(times))
		n := min(len(times)-first, room)
		status := "Complete"
		if first+n < len(times) {
			status = "PartialData"
		}
		if i == 0 && s.status != "" {
			status = s.status
		}
		if skip <= seen+len(times) && (n > 0 || len(times) == 0 || status != "Complete") && next == "" {
			results = append(results, map[string]any{"Id": q["Id"], "Label": q["Id"], "StatusCode": status, "Timestamps": list(times[first : first+n]), "Values": list(values[first : first+n])})
		}
		seen += len(times)
		if room -= n; room <= 0 && next == "" && (first+n < len(times) || i+1 < len(queries)) {
			next = strconv.Itoa(seen - len(times) + first + n)
		}
	}
	out := map[string]any{"MetricDataResults": results, "Messages": []any{}}
	if next != "" && s.Page > 0 {
		out["NextToken"] = next
	}
	return out
}

func list(values []float64) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// answer gives the periods of one query in order.
func (s *Server) answer(q map[string]any, from, to int64) (times, values []float64) {
	stat, _ := q["MetricStat"].(map[string]any)
	if stat == nil { // An expression is a metric of that name here, and added up.
		expression, _ := q["Expression"].(string)
		stat = map[string]any{"Stat": "Sum", "Period": q["Period"], "Metric": map[string]any{"Namespace": "", "MetricName": expression}}
	}
	m, _ := stat["Metric"].(map[string]any)
	dimensions := map[string]string{}
	all, _ := m["Dimensions"].([]any)
	for _, d := range all {
		d, _ := d.(map[string]any)
		dimensions[d["Name"].(string)] = d["Value"].(string) //nolint:forcetypeassert // The model has checked it.
	}
	found := s.metrics[name(m["Namespace"].(string), m["MetricName"].(string), dimensions)] //nolint:forcetypeassert // As above.
	if found == nil {
		return nil, nil
	}
	seconds := int64(stat["Period"].(float64)) //nolint:forcetypeassert // As above.
	buckets := s.buckets(found, seconds)
	for at := from - from%seconds; at < to; at += seconds {
		if list, ok := buckets[at]; ok {
			if v, ok := s.statistic(stat["Stat"].(string), list); ok { //nolint:forcetypeassert // As above.
				times, values = append(times, float64(at)), append(values, v)
			}
		}
	}
	return times, values
}

// buckets sorts what can be seen now into periods.
func (s *Server) buckets(m *metric, seconds int64) map[int64][]float64 {
	out := map[int64][]float64{}
	now := s.Now()
	if s.Always {
		for at := m.known.Unix() - m.known.Unix()%60; at <= now.Add(-s.Lag).Unix(); at += 60 {
			out[at-at%seconds] = []float64{}
		}
	}
	for _, v := range m.values {
		if !v.seen.After(now) {
			at := v.at.Unix() - v.at.Unix()%seconds
			out[at] = append(out[at], v.v)
		}
	}
	return out
}

func (s *Server) statistic(stat string, list []float64) (float64, bool) {
	slices.Sort(list)
	text := func(prefix, suffix string) float64 {
		n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(stat, prefix), suffix), 64)
		if err != nil {
			s.t.Errorf("AWS knows no statistic %q", stat)
		}
		return n
	}
	switch {
	case stat == "Sum":
		sum := 0.0
		for _, v := range list {
			sum += v
		}
		return sum, true
	case stat == "SampleCount":
		return float64(len(list)), true
	case len(list) == 0:
		return 0, false
	case strings.HasPrefix(stat, "PR(:"):
		bound, within := text("PR(:", ")"), 0
		for _, v := range list {
			if v <= bound {
				within++
			}
		}
		return 100 * float64(within) / float64(len(list)), true
	case strings.HasPrefix(stat, "p"):
		i := int(math.Ceil(text("p", "")/100*float64(len(list)))) - 1
		return list[max(i, 0)], true
	}
	s.t.Errorf("AWS knows no statistic %q", stat)
	return 0, false
}
