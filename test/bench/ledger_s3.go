package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// appendsS3 compares appends with conditional writes of an object of one record's
// size, in the same store, which is in this process: of what a real one costs, time is
// the least that can be told from it, and the number of requests and bytes the most.
func appendsS3(ctx context.Context, b *bench) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	s3test.Env(func(name, value string) {
		if err := os.Setenv(name, value); err != nil {
			s.Fatal(err)
		}
	})
	store := s3test.Fake(s)
	bucket := store.Bucket(s)
	l, err := s3.Open(ctx, store.URL(bucket, "acme"), s3.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	ratio, err := b.alone(ctx, "s3", l, putFloor(ctx, store, bucket), b.rounds(1000, 100))
	if err != nil {
		return err
	}
	b.add("ledger_s3_append_to_put_ratio", ratio, "x")
	rate, err := b.together(ctx, "s3", l, b.rounds(40, 4))
	if err != nil {
		return err
	}
	b.add("ledger_s3_64_writers", rate, "per_s")
	var first costs
	for i, size := range []int{1000, b.rounds(1_000_000, 40_000)} {
		b.say("filling a stream of %d records", size)
		c, err := history{ctx: ctx, bench: b, store: store, url: store.URL(bucket, fmt.Sprintf("history-%d", size)), size: size}.measure()
		if err != nil {
			return err
		}
		if i == 0 {
			first = c
		}
		b.want(fmt.Sprintf("ledger_s3_append_requests_at_%d", size), c.append, "requests", atMost(2))
		b.want(fmt.Sprintf("ledger_s3_read_requests_at_%d", size), c.read, "requests", atMost(first.read))
		b.want(fmt.Sprintf("ledger_s3_query_requests_at_%d", size), c.query, "requests", atMost(first.query))
	}
	return nil
}

// putFloor replaces one object again and again, each time under the condition that it
// is what the write before made of it.
func putFloor(ctx context.Context, store *s3test.Server, bucket string) floor {
	client := store.Client()
	var etag *string
	return floor{name: "put", write: func(n int) error {
		body := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, recordSize/2)
		in := &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("raw"), Body: bytes.NewReader(body), IfMatch: etag}
		if etag == nil {
			in.IfNoneMatch = aws.String("*")
		}
		out, err := client.PutObject(ctx, in)
		if err == nil {
			etag = out.ETag
		}
		return err
	}}
}

// history is a stream of a given length in a store that counts.
type history struct {
	ctx   context.Context
	bench *bench
	store *s3test.Server
	url   string
	size  int
}

// costs are requests.
type costs struct{ append, read, query float64 }

// measure fills the stream and counts what one call of each kind asks of the store: by
// a handle that has just been opened, and for appends by one that knows the stream too.
func (h history) measure() (c costs, err error) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	entry := func(n int) ledger.Entry {
		e := sampleEntry(n)
		e.At = start.Add(time.Duration(n) * time.Second)
		return e
	}
	l, err := s3.Open(h.ctx, h.url, s3.Options{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.Fill(h.ctx, "s", h.size, entry); err != nil {
		return c, err
	}
	last := uint64(h.size)
	push := func(on *s3.Ledger) error {
		_, err := on.Append(h.ctx, "s", last, entry(int(last)+1))
		last++
		return err
	}
	// The first write of a handle proves the store, once, wherever it goes.
	if _, err := l.Append(h.ctx, "other", 0, entry(1)); err != nil {
		return c, err
	}
	if _, err := h.count("append_cold", func() error { return push(l) }); err != nil {
		return c, err
	}
	if c.append, err = h.count("append", func() error { return push(l) }); err != nil {
		return c, err
	}
	if c.read, err = h.count("read", func() error {
		return h.fresh(func(cold *s3.Ledger) error { return enough(cold.Read(h.ctx, "s", last-9)) })
	}); err != nil {
		return c, err
	}
	c.query, err = h.count("query", func() error {
		return h.fresh(func(cold *s3.Ledger) error {
			return enough(cold.Query(h.ctx, ledger.Filter{StreamPrefix: "s", Limit: 10}))
		})
	})
	return c, err
}

// fresh calls do with a handle that knows nothing yet.
func (h history) fresh(do func(*s3.Ledger) error) error {
	cold, err := s3.Open(h.ctx, h.url, s3.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(cold), cold.Close())
}

// enough says whether the newest ten were found.
func enough(found []ledger.Record, err error) error {
	if err == nil && len(found) != 10 {
		return fmt.Errorf("%d records were found instead of 10", len(found))
	}
	return err
}

// count is how many requests do makes. It reports their bytes, which go both ways.
func (h history) count(what string, do func() error) (float64, error) {
	h.store.Take()
	if err := do(); err != nil {
		return 0, err
	}
	got := h.store.Take()
	h.bench.add(fmt.Sprintf("ledger_s3_%s_bytes_at_%d", what, h.size), float64(got.In+got.Out), "B")
	if what == "append_cold" {
		h.bench.add(fmt.Sprintf("ledger_s3_%s_requests_at_%d", what, h.size), float64(got.Requests()), "requests")
	}
	return float64(got.Requests()), nil
}
