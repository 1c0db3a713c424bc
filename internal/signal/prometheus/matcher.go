package prometheus

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
)

// pattern is a regular expression that must match a label's whole value.
type pattern struct {
	text string
	re   *regexp.Regexp
	// value is the one value that it matches, where literal made it.
	value *string
}

// matchers is a pattern for each label.
type matchers map[string]pattern

func (m matchers) match(labels model.Metric) bool {
	for label, p := range m {
		if !p.re.MatchString(string(labels[model.LabelName(label)])) {
			return false
		}
	}
	return true
}

// promQL writes one matcher. A pattern without special characters is compared,
// since Prometheus then looks the value up instead of trying all.
func (p pattern) promQL(label string) string {
	if p.value != nil {
		return label + "=" + strconv.Quote(*p.value)
	}
	if regexp.QuoteMeta(p.text) == p.text {
		return label + "=" + strconv.Quote(p.text)
	}
	return label + "=~" + strconv.Quote(p.text)
}

func (m matchers) promQL() []string {
	out := make([]string, 0, len(m))
	for _, label := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[label].promQL(label))
	}
	return out
}

// with joins matchers; where both have a label, both must match.
func (m matchers) with(label string, p pattern) matchers {
	out := maps.Clone(m)
	if out == nil {
		out = matchers{}
	}
	out[label] = p
	return out
}

// oneOf is a pattern that matches what any of the given ones does.
func oneOf(patterns []pattern) pattern {
	var texts []string
	for _, p := range patterns {
		if !slices.Contains(texts, p.text) {
			texts = append(texts, p.text)
		}
	}
	if len(texts) == 1 {
		return patterns[0]
	}
	slices.Sort(texts)
	for i, text := range texts {
		if strings.Contains(text, "|") {
			texts[i] = "(?:" + text + ")"
		}
	}
	return pattern{text: strings.Join(texts, "|")}
}

// literal is the pattern of one value.
func literal(value string) pattern { return pattern{text: regexp.QuoteMeta(value), value: &value} }

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// compilePattern checks an author's pattern.
func compilePattern(path, text string) (pattern, field.Errors) {
	re, err := strict.Compile(text)
	if err != nil {
		return pattern{}, field.Errors{{Path: path, Msg: fmt.Sprintf("%q is no regular expression (%v); RE2 is allowed and must match the whole value, for example \"5..\"",
			text, strict.Cause(err))}}
	}
	return pattern{text: text, re: re}, nil
}

// compileMatch checks an author's matchers. The labels in taken belong to
// something else, which the map names.
func compileMatch(path string, match, taken map[string]string) (matchers, field.Errors) {
	out := matchers{}
	var errs field.Errors
	for _, label := range slices.Sorted(maps.Keys(match)) {
		at := strict.Entry(path, label)
		if !labelName.MatchString(label) {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is no label name; letters, digits and underscores are allowed, for example \"code\"", label)})
			continue
		}
		if owner := taken[label]; owner != "" {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("the label %q %s; match on others, for example { code = \"5..\" }", label, owner)})
			continue
		}
		p, perrs := compilePattern(at, match[label])
		errs = append(errs, perrs...)
		out[label] = p
	}
	return out, errs
}
