package haproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
)

const (
	// maxIdentity bounds what a server answers, in bytes.
	maxIdentity = 64 << 10
	// atOnce is how many servers are asked at the same time.
	atOnce = 16
	// maxVersion bounds a label, in bytes.
	maxVersion = 128
)

var digestAtEnd = regexp.MustCompile(`^(?:[^\s@]*@)?(sha256:[0-9a-f]{64})$`)

// told is what a set of servers said of themselves.
type told struct {
	// payload is what all of them run. It is zero where they differ or where none
	// has told.
	payload artifact.Payload
	// all is whether each of them told, and the same.
	all bool
	// differ is whether two of them run different payloads.
	differ bool
	// why says in words what is missing.
	why string
}

// ask asks each server what it runs. Servers that share an address are asked
// once.
func (t *Target) ask(ctx context.Context, servers []haproxy.Server) told {
	type answer struct {
		payload artifact.Payload
		err     error
	}
	first := map[string]int{}
	answers := make([]answer, len(servers))
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, s := range servers {
		address := t.config.Identity.fill(s)
		if _, asked := first[address]; asked {
			continue
		}
		first[address] = i
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i].payload, answers[i].err = t.identify(ctx, address)
		})
	}
	group.Wait()
	out := told{all: len(servers) > 0}
	var missing, kinds []string
	for i, s := range servers {
		a := answers[first[t.config.Identity.fill(servers[i])]]
		switch {
		case a.err != nil:
			out.all = false
			missing = append(missing, fmt.Sprintf("%s does not tell what it runs: %v", s.ID(), a.err))
		case out.payload.IsZero():
			out.payload = a.payload
			kinds = append(kinds, s.ID()+" runs "+a.payload.Label())
		case !out.payload.Same(a.payload):
			out.differ = true
			kinds = append(kinds, s.ID()+" runs "+a.payload.Label())
		}
	}
	if out.differ {
		out.all, out.payload = false, artifact.Payload{}
		missing = append(kinds, missing...)
	}
	out.why = strings.Join(missing, "; ")
	return out
}

// identify asks one address.
func (t *Target) identify(ctx context.Context, address string) (artifact.Payload, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return artifact.Payload{}, errors.New("its address makes no URL")
	}
	resp, err := t.http.Do(req)
	if err != nil {
		var failed *httpclient.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return artifact.Payload{}, fmt.Errorf("GET %s: %w", address, err)
	}
	body, err := httpclient.ReadAll(resp, maxIdentity)
	if err != nil {
		return artifact.Payload{}, fmt.Errorf("GET %s: %w", address, err)
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return artifact.Payload{}, fmt.Errorf("GET %s was answered with status %d, and 200 or 204 is wanted", address, resp.StatusCode)
	}
	p, err := t.config.Identity.read(resp.Header, body)
	if err != nil {
		return artifact.Payload{}, fmt.Errorf("GET %s: %w", address, err)
	}
	return p, nil
}

// read finds the payload in an answer.
func (i *Identity) read(header http.Header, body []byte) (artifact.Payload, error) {
	var p artifact.Payload
	digest, err := i.Digest.digest(header, body)
	if err != nil {
		return p, err
	}
	p.Reference = "@" + digest
	if i.ConfigurationDigest != nil {
		// No value means that this artifact runs without a configuration.
		if text, err := i.ConfigurationDigest.find(header, body); err != nil {
			return p, err
		} else if text != "" {
			if p.ConfigurationDigest, err = i.ConfigurationDigest.digest(header, body); err != nil {
				return p, err
			}
		}
	}
	if i.Version != nil {
		if p.Version, err = i.Version.find(header, body); err != nil {
			return p, err
		}
		p.Version = strings.ToValidUTF8(p.Version[:min(len(p.Version), maxVersion)], "")
	}
	return p, nil
}

func (s *Source) digest(header http.Header, body []byte) (string, error) {
	text, err := s.find(header, body)
	if err != nil {
		return "", err
	}
	m := digestAtEnd.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s holds %.80q, which is no digest (sha256: and 64 lower-case hexadecimal digits)", s, text)
	}
	return m[1], nil
}

// find gives the text at the source, empty where the source is not there.
func (s *Source) find(header http.Header, body []byte) (string, error) {
	if s.Header != "" {
		return header.Get(s.Header), nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return "", fmt.Errorf("%s cannot be read: the body is not JSON: %w", s, err)
	}
	for name := range strings.SplitSeq(s.JSON, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return "", nil
		}
		value = object[name]
	}
	switch text := value.(type) {
	case nil:
		return "", nil
	case string:
		return text, nil
	default:
		return "", fmt.Errorf("%s is not a string", s)
	}
}

// String names the source for messages.
func (s *Source) String() string {
	if s.Header != "" {
		return "the header " + s.Header
	}
	return "the JSON path " + s.JSON
}
