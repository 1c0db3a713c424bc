package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

// Runner runs a check. Implementations are safe for concurrent use.
type Runner interface {
	// Run makes one attempt, within the check's timeout and the context. It always
	// gives a Result: what goes wrong on the way is Unknown with the reason.
	Run(ctx context.Context, c Check) Result
}

// HTTP runs checks over HTTP. It takes proxies from the environment.
type HTTP struct {
	Clock     clock.Clock
	UserAgent string
}

var _ Runner = HTTP{}

// Run implements Runner. An attempt is one request, never repeated, since what
// goes wrong now and then is what a check is there to see.
func (h HTTP) Run(ctx context.Context, c Check) Result {
	c = c.Normalize()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout.Std())
	defer cancel()
	start := h.Clock.Now()
	answer, err := h.ask(ctx, c)
	result := Result{Name: c.Name, Took: field.Duration(h.Clock.Now().Sub(start).Round(precision)), HTTPStatus: answer.status}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil:
		result.Status, result.Reason = Unknown, fmt.Sprintf("no whole answer within %s", c.Timeout)
	case err != nil:
		result.Status, result.Reason = Unknown, err.Error()
	default:
		problems := c.Expect.unmet(answer, result.Took)
		result.Status, result.Reason = Pass, fmt.Sprintf("status %d in %s", answer.status, result.Took)
		if len(problems) > 0 {
			result.Status, result.Reason = Fail, strings.Join(problems, "; ")
		}
	}
	return result
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (h HTTP) ask(ctx context.Context, c Check) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, c.Method, c.URL, strings.NewReader(c.Body))
	if err != nil {
		return reply{}, errors.New("no request can be made of the URL")
	}
	for name, value := range c.Headers {
		if strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	client := httpclient.New(httpclient.Options{
		UserAgent: h.UserAgent, Timeout: c.Timeout.Std(), Token: c.Token, Username: c.Username,
	})
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	body, err := httpclient.ReadAll(resp, MaxBody)
	if errors.Is(err, httpclient.ErrTooLarge) && len(c.Expect.JSON) == 0 {
		// Nobody asked about the body.
		err = nil
	}
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, err
}

// unmet lists what of the expectations does not hold.
func (e Expect) unmet(r reply, took field.Duration) []string {
	var out []string
	if len(e.Status) == 0 && (r.status < 200 || r.status > 299) {
		out = append(out, fmt.Sprintf("status %d; expected 200 to 299", r.status))
	}
	if len(e.Status) > 0 && !slices.Contains(e.Status, r.status) {
		out = append(out, fmt.Sprintf("status %d; expected %s", r.status, oneOf(e.Status)))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		values := r.header.Values(name)
		if len(values) == 0 {
			out = append(out, fmt.Sprintf("header %s is not there", name))
		} else if a := e.Headers[name]; !a.text(strings.Join(values, ", ")) {
			out = append(out, fmt.Sprintf("header %s is %s; expected %s", name, strconv.Quote(jsonvalue.Clip(strings.Join(values, ", "))), a))
		}
	}
	out = append(out, e.unmetJSON(r.body)...)
	if e.Within > 0 && took > e.Within {
		out = append(out, fmt.Sprintf("it took %s; expected at most %s", took, e.Within))
	}
	return out
}

func (e Expect) unmetJSON(body []byte) []string {
	if len(e.JSON) == 0 {
		return nil
	}
	tree, err := jsonvalue.Decode(body)
	if err != nil {
		// The decoder's words can hold a piece of the body.
		return []string{"the body is not one JSON document"}
	}
	var out []string
	for _, path := range slices.Sorted(maps.Keys(e.JSON)) {
		a := e.JSON[path]
		switch v, found := jsonvalue.Find(tree, path); {
		case !found:
			out = append(out, fmt.Sprintf("nothing stands at %s; expected %s", path, a))
		case !a.value(v):
			out = append(out, fmt.Sprintf("%s is %s; expected %s", path, strconv.Quote(jsonvalue.Clip(jsonvalue.Text(v))), a))
		}
	}
	return out
}

func (a Assertion) value(v any) bool {
	if a.Equals != nil {
		return jsonvalue.Equal(v, *a.Equals)
	}
	return a.text(jsonvalue.Text(v))
}

func (a Assertion) text(got string) bool {
	if a.Equals != nil {
		return got == *a.Equals
	}
	pattern, err := a.pattern()
	return err == nil && pattern.MatchString(got)
}

// String writes the assertion for people.
func (a Assertion) String() string {
	if a.Equals != nil {
		return strconv.Quote(*a.Equals)
	}
	return "a match of " + strconv.Quote(a.Matches)
}

func oneOf(statuses []int) string {
	texts := make([]string, len(statuses))
	for i, s := range statuses {
		texts[i] = strconv.Itoa(s)
	}
	return strings.Join(texts, " or ")
}

// precision is to what latencies are rounded.
const precision = 100 * time.Microsecond
