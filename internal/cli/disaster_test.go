package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// kept is a ledger that is lost and brought back, each by the words of the guide on
// disaster recovery.
type kept struct {
	// backup keeps the ledger as it is now, while it is open.
	backup func()
	// lose takes all of it away.
	lose func()
	// restore brings back what backup kept.
	restore func()
	// tick, where it is set, moves the store's own clock, which is held against the driver's.
	tick func()
}

// shipped releases at the time that it is for the store, too.
func (l kept) shipped(w *world, p artifact.Payload) {
	w.t.Helper()
	if l.tick != nil {
		l.tick()
	}
	w.shipped(p)
}

// TestTheDrill is the one of the guide on disaster recovery: a backup of the ledger
// from before the last release is brought back. Where nobody else drove meanwhile, it
// gives the very fence next that the target saw last.
func TestTheDrill(t *testing.T) {
	for name, keep := range map[string]func(w *world) kept{"a file": keptFile, "a bucket": keptBucket, "a dump": keptDump} {
		for _, others := range []int{0, 3} {
			if name != "a file" && others > 0 {
				continue // What a fence is does not depend on the store.
			}
			t.Run(fmt.Sprintf("%s, %d others drove", name, others), func(t *testing.T) {
				w := newWorld(t)
				drill(t, w, keep(w), others)
			})
		}
	}
}

func drill(t *testing.T, w *world, l kept, others int) {
	l.shipped(w, first)
	l.shipped(w, good)
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	l.backup()
	for range others { // Who drive meanwhile, so the fences go on.
		w.held("ci@acme 4711")()
	}
	l.shipped(w, third)
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
	l.lose()
	l.restore()
	if l.tick != nil {
		l.tick()
	}

	// It is whole by itself, and the anchor says what it lacks.
	w.expect(Done, "verify")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it", "Forward work stops until this is understood",
		"newest copy of the ledger", "sluice ledger rebind --reason \"restored the backup of 10:00\"")
	if r := w.run("verify", "--against", "anchor.json"); strings.Contains(r.errors, "bound anew") {
		t.Errorf("nobody has bound it yet:\n%s", r.errors)
	}
	// The target has seen newer fences: nobody goes forward by the old record, nor back,
	// however often they try.
	for range 6 {
		_, err := w.ship(t.Context(), bad)
		if err == nil {
			t.Fatal("forward on a restored ledger that nobody looked at")
		}
		contains(t, err.Error(), "stale_fence")
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--reason", "an old record").errors, "stale_fence", "sluice ledger rebind --reason", "sluice rollback --spec FILE")
	}
	if others == 0 {
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--dry-run").out, "before, and this ledger gives it only now")
	}
	w.serves("1.3.3")
	// A rollback needs no ledger.
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is being restored")
	w.serves("1.0.0")
	// Bound anew it drives on, under its own UUID.
	contains(t, w.expect(Done, "ledger", "rebind", "--reason", "restored the backup of 10:00").out, "Save a new one: sluice verify --checkpoint anchor.json")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it",
		"This ledger was bound anew at 2026-03-02", "in place of one that was lost: restored the backup of 10:00.", "sluice verify --checkpoint anchor.json")
	l.shipped(w, third)
	w.serves("1.3.3")
	// The old anchor stays of what was lost, also once there are as many checkpoints again.
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "This ledger was bound anew")
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
	w.expect(Done, "verify", "--against", "anchor.json")
}

const file = ".sluice/ledger.db"

// keptFile is kept by the command of the guide, while somebody has it open, so that its
// newest records are beside the file and not in it.
func keptFile(w *world) kept {
	remove := func(names ...string) {
		for _, name := range names {
			if err := os.RemoveAll(name); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return kept{
		backup: func() {
			w.open()
			if out, err := exec.CommandContext(w.t.Context(), "sqlite3", file, ".backup ledger.bak").CombinedOutput(); err != nil {
				w.t.Fatalf("sqlite3, which make packages installs: %v\n%s", err, out)
			}
		},
		lose: func() { remove(file) },
		restore: func() {
			if err := os.Rename("ledger.bak", file); err != nil {
				w.t.Fatal(err)
			}
			remove(file+"-wal", file+"-shm")
		},
	}
}

// keptBucket needs no backup: each former version is in the bucket, behind the delete
// markers of whoever deleted it all. What came later stays deleted. That nothing is lost
// where the markers are taken away is shown beside the driver, in moto, since this store
// cannot do that.
func keptBucket(w *world) kept {
	s3test.Env(w.t.Setenv)
	store := s3test.Fake(w.t)
	// The store's clock is the world's; the fake behind has this machine's, and looks.
	store.Before(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		rw.Header().Set("Date", w.clock.Now().UTC().Format(http.TimeFormat))
		r.Header.Set("X-Amz-Date", clock.System{}.Now().UTC().Format("20060102T150405Z"))
		next.ServeHTTP(rw, r)
	})
	bucket := store.Bucket(w.t)
	w.env["SLUICE_LEDGER"] = store.URL(bucket, "acme")
	then := map[string]string{}
	b := versions{w, store.Client(), bucket}
	return kept{
		backup: func() { then = b.current() },
		lose:   b.hide,
		restore: func() {
			for key, version := range then {
				b.again(key, version)
			}
		},
	}
}

// versions is a bucket that keeps them, as its owner sees it.
type versions struct {
	w      *world
	client *awss3.Client
	bucket string
}

func (v versions) list() *awss3.ListObjectVersionsOutput {
	v.w.t.Helper()
	page, err := v.client.ListObjectVersions(v.w.t.Context(), &awss3.ListObjectVersionsInput{Bucket: &v.bucket})
	if err != nil {
		v.w.t.Fatal(err)
	}
	return page
}

// current is the version of each key that is there.
func (v versions) current() map[string]string {
	out := map[string]string{}
	for _, o := range v.list().Versions {
		if o.IsLatest != nil && *o.IsLatest {
			out[*o.Key] = *o.VersionId
		}
	}
	return out
}

// hide puts a delete marker before each key that is there.
func (v versions) hide() {
	v.w.t.Helper()
	for key := range v.current() {
		if _, err := v.client.DeleteObject(v.w.t.Context(), &awss3.DeleteObjectInput{Bucket: &v.bucket, Key: &key}); err != nil {
			v.w.t.Fatal(err)
		}
	}
}

// again makes a former version the current one.
func (v versions) again(key, version string) {
	v.w.t.Helper()
	got, err := v.client.GetObject(v.w.t.Context(), &awss3.GetObjectInput{Bucket: &v.bucket, Key: &key, VersionId: &version})
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer got.Body.Close() //nolint:errcheck // It was read.
	data, err := io.ReadAll(got.Body)
	if err == nil {
		_, err = v.client.PutObject(v.w.t.Context(), &awss3.PutObjectInput{Bucket: &v.bucket, Key: &key, Body: bytes.NewReader(data)})
	}
	if err != nil {
		v.w.t.Fatal(err)
	}
}
