// Package document reads what a drift check declares outside of the target: JSON
// behind HTTP, and files. Everything is bounded, and nothing is written.
package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
)

// TotalTimeout bounds the reading of all documents of a check.
const TotalTimeout = time.Minute

// workers is how many documents are read at a time.
const workers = 16

// Reader reads documents. The zero value works; it is safe for concurrent use.
type Reader struct {
	// UserAgent is sent with every request.
	UserAgent string
}

var _ drift.Reader = Reader{}

// Read implements drift.Reader.
func (r Reader) Read(ctx context.Context, documents map[string]drift.Document) map[string]drift.Content {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	out := make(map[string]drift.Content, len(documents))
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, workers)
	for name, d := range documents {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			bytes, err := r.one(ctx, d)
			mu.Lock()
			defer mu.Unlock()
			out[name] = drift.Content{Bytes: bytes, Err: err}
		})
	}
	all.Wait()
	return out
}

func (r Reader) one(ctx context.Context, d drift.Document) ([]byte, error) {
	bound, err := d.Bound()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if d.URL != "" {
		return r.fetch(ctx, d, bound)
	}
	// A file on a network that hangs cannot be interrupted, so it is left behind.
	type result struct {
		bytes []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		bytes, err := readFile(d.File)
		done <- result{bytes, err}
	}()
	select {
	case got := <-done:
		return got.bytes, got.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s could not be read within %s", d.File, bound)
	}
}

func (r Reader) fetch(ctx context.Context, d drift.Document, bound time.Duration) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, http.NoBody)
	if err != nil {
		return nil, errors.New("no request can be made of the URL")
	}
	req.Header.Set("Accept", "application/json")
	client := httpclient.New(httpclient.Options{UserAgent: r.UserAgent, Timeout: bound, Retries: 1, Token: d.Token})
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := httpclient.ReadAll(resp, drift.MaxDocument)
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("GET %s answered %s", req.URL.Host+req.URL.Path, resp.Status)
	case err != nil:
		return nil, fmt.Errorf("GET %s: %w", req.URL.Host+req.URL.Path, err)
	}
	return body, nil
}

// readFile reads a regular file: a pipe or a device has no end, and opening it
// alone can do something.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // Nothing was written.
	content, err := io.ReadAll(io.LimitReader(f, drift.MaxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(content) > drift.MaxDocument {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, drift.MaxDocument)
	}
	return content, nil
}
