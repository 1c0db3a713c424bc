package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// The test binary is also a writer: with these set it appends until it is killed.
const (
	writerPath = "SLUICE_TEST_WRITER_PATH"
	writerName = "SLUICE_TEST_WRITER_NAME"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		if err := appendForEver(path, os.Getenv(writerName)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// appendForEver appends in turn to a stream of its own and to one that all share,
// and prints each record once its append has returned.
func appendForEver(path, name string) error {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	ends := map[string]uint64{}
	for n := 1; ; n++ {
		for _, stream := range []string{"own/" + name, "shared"} {
			e := entry(n)
			e.ID = name + "-" + strconv.Itoa(n)
			for {
				r, err := l.Append(ctx, stream, ends[stream], e)
				var conflict *ledger.ConflictError
				if errors.As(err, &conflict) {
					ends[stream] = conflict.Last
					continue
				}
				if err != nil {
					return err
				}
				ends[stream] = r.Seq
				fmt.Println(r.Stream, r.Seq, r.Hash)
				break
			}
		}
	}
}

// acknowledged is what one writer printed before it was killed.
func acknowledged(t *testing.T, path, name string, lines int) []string {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), writerPath+"="+path, writerName+"="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	var got []string
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		got = append(got, scanner.Text())
		if len(got) == lines {
			// SIGKILL: the writer is somewhere in its next append.
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(got) < lines {
		t.Errorf("writer %s ended by itself after %d lines: %v", name, len(got), err)
	}
	return got
}

func TestKilledWritersLoseNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	rng := rand.New(rand.NewPCG(1, 2))
	acks := map[string]bool{}
	const rounds, writers = 4, 4
	for round := range rounds {
		var (
			wg sync.WaitGroup
			mu sync.Mutex
		)
		for w := range writers {
			lines := 1 + rng.IntN(60)
			wg.Go(func() {
				got := acknowledged(t, path, fmt.Sprintf("w%d-%d", round, w), lines)
				mu.Lock()
				defer mu.Unlock()
				for _, line := range got {
					acks[line] = true
				}
			})
		}
		wg.Wait()
	}
	l := open(t, path, sqlite.Options{MustExist: true})
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	heads, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, h := range heads {
		records, err := l.Read(t.Context(), h.Stream, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			there[fmt.Sprint(r.Stream, " ", r.Seq, " ", r.Hash)] = true
		}
	}
	for line := range acks {
		if !there[line] {
			t.Errorf("acknowledged and lost: %s", line)
		}
	}
	// Beside the ledger's first record, each killed writer may have left one that
	// it did not live to acknowledge.
	if extra := int(report.Records) - 1 - len(acks); extra < 0 || extra > rounds*writers {
		t.Errorf("%d records, %d acknowledged", report.Records, len(acks))
	}
	t.Logf("%d records acknowledged by %d writers, all there", len(acks), rounds*writers)
}
