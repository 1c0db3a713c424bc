package s3_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
)

// A bucket's replica, or what aws s3 sync brings back, is the same ledger under any
// name: nothing in it says where it lies. What it lacks shows with an anchor.
func TestReplicaIsTheLedger(t *testing.T) {
	s, l := begin(t)
	replica := s.Bucket(t)
	sync := func() {
		for _, key := range keys(t, s, "ledger-1") {
			_, err := s.Client().CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: &replica, Key: aws.String("elsewhere/" + key[len("acme/"):]), CopySource: aws.String("ledger-1/" + key)})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	sync()
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Checkpoint(t.Context(), l, "kim@acme", epoch); err != nil {
		t.Fatal(err)
	}
	anchor, err := ledger.LastAnchor(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	back := open(t, s.URL(replica, "elsewhere"), s3.Options{MustExist: true})
	if _, err := ledger.Verify(t.Context(), back, ledger.VerifyOptions{}); err != nil {
		t.Errorf("it is not whole by itself: %v", err)
	}
	if _, err := ledger.VerifyAgainst(t.Context(), back, anchor, ledger.VerifyOptions{}); err == nil {
		t.Error("what the replica lacks does not show")
	}
	sync()
	if _, err := ledger.VerifyAgainst(t.Context(), open(t, s.URL(replica, "elsewhere"), s3.Options{MustExist: true}), anchor, ledger.VerifyOptions{}); err != nil {
		t.Errorf("the replica has come up: %v", err)
	}
}
