package s3

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// SetLimits makes a handle seal and fold early.
func SetLimits(l *Ledger, records, size, fan int) {
	l.limits = limits{records: records, bytes: size, fan: fan}
}

// Edit changes the records of a stream in the store, behind the driver's back, wherever
// they are.
func Edit(t *testing.T, l *Ledger, stream string, change func([]ledger.Record) []ledger.Record) {
	t.Helper()
	edit := func(in []stored) (out []stored) {
		var records []ledger.Record
		for _, s := range in {
			records = append(records, s.record())
		}
		for _, r := range change(records) {
			out = append(out, pack(r))
		}
		return out
	}
	objects, err := l.store.list(t.Context(), partPrefix(stream), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		var p part
		Load(t, l, o.key, &p)
		p.Records = edit(p.Records)
		Store(t, l, o.key, p)
	}
	var h head
	Load(t, l, headKey(stream), &h)
	h.Tail = edit(h.Tail)
	Store(t, l, headKey(stream), h)
}

// Load reads an object.
func Load(t *testing.T, l *Ledger, key string, v any) {
	t.Helper()
	got, err := l.store.get(t.Context(), key, "")
	if err == nil {
		err = unseal(got.data, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
}

// Store writes an object without a condition.
func Store(t *testing.T, l *Ledger, key string, v any) {
	t.Helper()
	data, err := seal(v)
	if err != nil {
		t.Fatal(err)
	}
	Overwrite(t, l, key, data)
}

// Overwrite writes bytes without a condition.
func Overwrite(t *testing.T, l *Ledger, key string, data []byte) {
	t.Helper()
	_, err := l.store.client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &l.place.bucket, Key: aws.String(l.place.prefix + key), Body: bytes.NewReader(data),
		ChecksumCRC32: aws.String(checksum(data)), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Fill appends n entries to an empty stream without a write of the head for each, and
// forgets the head.
func Fill(t testing.TB, l *Ledger, stream string, n int, entry func(int) ledger.Entry) {
	t.Helper()
	if err := l.Fill(context.Background(), stream, n, entry); err != nil {
		t.Fatal(err)
	}
}

// Without returns records less the one of that number.
func Without(records []ledger.Record, seq uint64) []ledger.Record {
	return slices.DeleteFunc(records, func(r ledger.Record) bool { return r.Seq == seq })
}

var (
	EncodeName   = encodeName
	DecodeName   = decodeName
	EncodePrefix = encodePrefix
	HeadKey      = headKey
	LeaseKey     = leaseKey
)

// AppendTries is how often an append writes before it says that the ledger is busy.
const AppendTries = appendTries

// EmptyHead is the head of a stream without records.
func EmptyHead(l *Ledger, stream string) any {
	h := l.empty(stream)
	h.Write = nonce()
	return h
}

// MovingLease is a lease whose fence is on its way to the streams that it guards.
func MovingLease(l *Ledger, lease ledger.Lease, guards ...string) any {
	d := l.nobody(lease.Name).with(nonce(), lease)
	d.Moving, d.Guards = true, guards
	return d
}
