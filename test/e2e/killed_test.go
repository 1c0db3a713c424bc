//go:build unix

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// tale is a rollout whose end is known, however often its driver is killed.
type tale struct {
	name string
	// kills is how many there are in all, at moments that the seed decides.
	kills int
	seed  uint64
	// artifact is what the n-th rollout ships.
	artifact func(n int) service.Descriptor
	// abort is true when somebody stops the rollout at its second weight.
	abort bool
	ends  release.State
	cause release.Cause
}

const (
	killsInAll = 50
	// killsPerRollout leaves each rollout an end.
	killsPerRollout = 7
	// lifetime bounds one life of a driver, from its start to its end.
	lifetime = time.Minute
)

var tales = []tale{
	{name: "to success", kills: 18, seed: 1, ends: release.Succeeded,
		artifact: func(n int) service.Descriptor { return service.Descriptor{Version: fmt.Sprintf("1.%d.0", n)} }},
	{name: "to rollback", kills: 16, seed: 2, ends: release.RolledBack, cause: release.CauseHarm,
		artifact: func(n int) service.Descriptor {
			return service.Descriptor{Version: fmt.Sprintf("2.%d.0", n), ErrorRate: 0.3}
		}},
	{name: "to abort", kills: 16, seed: 3, abort: true, ends: release.Aborted, cause: release.CauseOperator,
		artifact: func(n int) service.Descriptor { return service.Descriptor{Version: fmt.Sprintf("3.%d.0", n)} }},
}

// TestADriverThatIsKilledAtAnyMoment kills the processes of drivers at random
// moments of real rollouts, and wants each of them to end as it would have.
func TestADriverThatIsKilledAtAnyMoment(t *testing.T) {
	together(t)
	for _, b := range killedOn {
		t.Run(b.name, func(t *testing.T) {
			together(t)
			b.kill(t)
		})
	}
}

// together lets a test run beside others, which the full proof does not: nine labs with
// their users at once are too much for two cores, and calls have deadlines.
func together(t *testing.T) {
	if !*full {
		t.Parallel()
	}
}

// killedOn are the ledgers on which drivers are killed. On SQLite that is done in full
// each time; the engine is the same on the others, so they need few.
var killedOn = []backend{
	{name: "sqlite", url: func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db") }, few: killsInAll},
	{name: "postgres", url: func(t *testing.T) string { return pgtest.Start(t).URL("postgres") }, tale: "to abort", few: 3, dies: "to rollback"},
	{name: "s3", url: func(t *testing.T) string {
		s := s3test.Fake(t)
		return s.URL(s.Bucket(t), "acme")
	}, tale: "to rollback", few: 3, dies: "to abort"},
}

// backend is a ledger on which drivers are killed.
type backend struct {
	name string
	// url makes a new ledger.
	url func(t *testing.T) string
	// tale names the only one that is told unless the proof is the full one, and few is
	// how many kills there are then.
	tale string
	few  int
	// dies names the only tale in which a driver dies at points of its life, likewise; on
	// SQLite there is none then.
	dies string
}

func (b backend) kill(t *testing.T) {
	want := killsInAll
	if !*full {
		want = b.few
	}
	var kills atomic.Int64
	t.Run("each", func(t *testing.T) {
		for _, tl := range tales {
			if !*full && b.tale != "" {
				if tl.name != b.tale {
					continue
				}
				tl.kills = b.few
			}
			t.Run(tl.name, func(t *testing.T) {
				together(t)
				kills.Add(int64(tl.tell(t, b.url(t))))
			})
		}
	})
	if n := int(kills.Load()); n != want && !t.Failed() {
		t.Errorf("%d kills, not %d", n, want)
	}
	if *full && !t.Failed() {
		_, _ = fmt.Fprintf(os.Stdout, "proof_%s_drivers_killed %d count\n", b.name, kills.Load())
	}
}

// scene is where a tale takes place: one lab, one ledger, many rollouts.
type scene struct {
	*testing.T
	tale
	lab    *labtest.Lab
	tap    *tap
	url    string
	dir    string
	engine *release.Engine
	random *rand.Rand
	// draw says when the next driver is killed.
	draw  func() moment
	lives int
	left  int
	// open counts the kills that left an intent without its outcome.
	open int
}

// begin sets the scene of a tale, with the first artifact serving.
func (tl tale) begin(t *testing.T, url string) *scene {
	t.Helper()
	s := &scene{T: t, tale: tl, url: url, dir: t.TempDir(), left: tl.kills, random: rand.New(rand.NewPCG(2026, tl.seed))} //nolint:gosec // Repeatable on purpose.
	s.draw = s.chance
	t.Logf("the seed is %d", tl.seed)
	s.lab = labtest.Start(t, lab.Config{Traffic: 300})
	s.tap = newTap(t, s.lab.Contract, rand.New(rand.NewPCG(4052, tl.seed))) //nolint:gosec // Repeatable on purpose.
	var err error
	if s.engine, err = openEngine(t.Context(), s.url, s.dir, "the parent"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.engine.Ledger.Close() })
	first := s.spec(s.lab.Artifact(service.Descriptor{Version: "1.0.0"}))
	if _, err := s.engine.Ship(t.Context(), release.ShipRequest{Spec: first, Owner: owner}); err != nil {
		t.Fatal(explained(err, first.Payload))
	}
	return s
}

// tell plays a tale without a kill, and then again until all kills are spent. It
// gives how often it killed.
func (tl tale) tell(t *testing.T, url string) int {
	s := tl.begin(t, url)
	whole := s.rollout(0)
	for s.left > 0 && !t.Failed() {
		got := s.rollout(min(s.left, killsPerRollout))
		if got.how != whole.how {
			t.Errorf("rollout %d ended otherwise than the one without a kill:\n%s\nnot\n%s", got.number, got.how, whole.how)
		}
	}
	s.verify()
	return tl.kills - s.left
}

// verify holds the ledger against what must be true of it when all is played.
func (s *scene) verify() {
	t := s.T
	t.Helper()
	report, err := ledger.Verify(t.Context(), s.engine.Ledger, ledger.VerifyOptions{})
	if err != nil {
		t.Errorf("the ledger does not verify: %v", err)
	}
	again, err := release.Replay(records(t, s.engine.Ledger, 0))
	if err != nil || len(again.Differences) > 0 || again.Verdicts == 0 {
		t.Errorf("judging %d verdicts again, which several processes gave in turns: %+v, %v", again.Verdicts, again.Differences, err)
	}
	t.Logf("%d lives of drivers, %d of them ended over an open intent; %d records", s.lives, s.open, report.Records)
}

// spec asks for short steps, except for the one at which somebody will abort: it
// stands until they did.
func (s *scene) spec(p artifact.Payload) release.Spec {
	spec := spec(s.T, s.lab, p)
	spec.Target.Config = fmt.Appendf(nil, `{"url":%q}`, s.tap.url)
	spec.Policy = release.Policy{Name: "patient", MaxPerDay: 100}
	// The switch is for drivers that never come back; here one always does.
	spec.Strategy.RevertAfter = field.Duration(10 * time.Minute)
	if s.abort {
		spec.Strategy.Canary.Steps[1].AtLeast = field.Duration(10 * time.Minute)
	}
	return spec
}

// rollout plays one rollout with at most so many kills, and holds its records and
// its effects against what must be true of every one.
func (s *scene) rollout(kills int) played {
	s.Helper()
	h := s.history()
	p := s.lab.Artifact(s.artifact(h.Last().Number + 1))
	r := &run{scene: s, number: h.Last().Number + 1, from: h.Seq, calls: s.tap.count(), wish: p, before: *h.Serving()}
	for end := false; !end && !s.Failed(); {
		moment := s.draw()
		if kills == len(r.kills) {
			moment = never
		}
		end = r.life(moment)
	}
	if s.Failed() {
		s.FailNow()
	}
	return r.judge()
}

func (s *scene) history() *release.History {
	s.Helper()
	h, err := s.engine.Load(context.WithoutCancel(s.Context()), checkout)
	if err != nil {
		s.Fatal(err)
	}
	return h
}

// moment is when a driver is killed: so long after it wrote so many records.
type moment struct {
	records int
	after   time.Duration
	// point is one at which the driver kills itself instead; 0 is none.
	point int
}

var never = moment{records: -1}

// chance draws the next one. Most come after a few records and between 0 and
// 30 ms later, where the effects are; some come by the watch, which also meets
// drivers that wait for the lease.
func (s *scene) chance() moment {
	if s.random.IntN(5) == 0 {
		return moment{after: time.Duration(s.random.IntN(2000)) * time.Millisecond}
	}
	return moment{records: 1 + s.random.IntN(6), after: time.Duration(s.random.IntN(30_000)) * time.Microsecond}
}

// run is one rollout and everything that was seen of it.
type run struct {
	*scene
	number int
	// from is the last record, and calls the number of calls, before it.
	from  uint64
	calls int
	// kills are the last records that stood when a driver was killed.
	kills []uint64
	// points is how many the last driver lived through.
	points int
	// aborted is the record of the request to stop, and callsThen the number of
	// calls that had been made once it stood.
	aborted      uint64
	callsThen    int
	wish, before artifact.Payload
}

// life starts a driver and kills it at the moment. It is true when the driver had
// ended by itself, which it does only when the rollout is over.
func (r *run) life(m moment) bool {
	r.lives++
	j := job{
		Ledger: r.url, Dir: r.dir, Holder: fmt.Sprintf("driver %d", r.lives), Spec: r.spec(r.wish), Rollout: r.number,
		Resume: r.lives%2 == 0, Point: m.point,
	}
	begun := r.history().Seq
	p := j.start(r.T)
	clk := clock.System{}
	var reached time.Time
	for limit := clk.Now().Add(lifetime); !p.ended(); {
		now := clk.Now()
		if now.After(limit) {
			p.kill()
			r.Fatalf("a driver did not come to its end within %s: %s\n%s", lifetime, p.said.String(), r.story())
		}
		got := records(r.T, r.engine.Ledger, begun)
		r.watch(got)
		if reached.IsZero() && m != never && m.point == 0 && len(got) >= m.records {
			reached = now
		}
		if !reached.IsZero() && now.Sub(reached) >= m.after {
			break
		}
		_ = clk.Sleep(r.Context(), 5*time.Millisecond)
	}
	if !p.kill() {
		if !p.cmd.ProcessState.Success() {
			r.Fatalf("a driver failed: %s\n%s", p.said.String(), r.story())
		}
		r.watch(records(r.T, r.engine.Ledger, begun))
		_, _ = fmt.Sscanf(p.said.String(), lived, &r.points) // It says so last, and nothing else where all went well.
		return true
	}
	labtest.Eventually(r.T, 10*time.Second, "what a killed driver had sent has arrived", r.tap.idle)
	h := r.history()
	r.watch(records(r.T, r.engine.Ledger, begun))
	r.kills = append(r.kills, h.Seq)
	r.left--
	where := "before its first record"
	if h.Seq > r.from {
		last := records(r.T, r.engine.Ledger, h.Seq-1)[0]
		where = fmt.Sprintf("at record %d of it, %s", h.Seq-r.from, last.Kind)
	}
	r.Logf("rollout %d: killed %s, in its %d. life; %s", r.number, where, len(r.kills), p.said.String())
	r.asTheLedgerSays(h, where)
	return false
}

// watch asks to stop as soon as the second weight stands, whether a driver lives
// or not.
func (r *run) watch(got []ledger.Record) {
	if !r.abort || r.aborted > 0 {
		return
	}
	for _, rec := range got {
		if rec.Kind != release.KindOutcome || effectOf(r.T, rec).Weight != 50 {
			continue
		}
		err := r.engine.RequestAbort(r.Context(), checkout, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator})
		if err != nil {
			r.Fatalf("asking to stop: %v", err)
		}
		r.callsThen = r.tap.count()
		for _, rec := range records(r.T, r.engine.Ledger, r.from) {
			if rec.Kind == release.KindAbortRequested {
				r.aborted = rec.Seq
			}
		}
		return
	}
}

// asTheLedgerSays holds the lab against the ledger while nobody drives: its
// weight is the last one of which the ledger has the outcome, or the one that the
// open intent wishes for.
func (r *run) asTheLedgerSays(h *release.History, where string) {
	r.Helper()
	obs := r.lab.Status().Observation
	got, open := shareOf(obs, r.wish), h.Open()
	if open != nil && open.Intent != nil {
		r.open++
	}
	switch {
	case open == nil && shareOf(obs, *h.Serving()) != 100:
		r.Errorf("%s: no rollout is open, and %s has %g %%", where, h.Serving().Label(), shareOf(obs, *h.Serving()))
	case open != nil && got != open.Weight && (open.Intent == nil || got != open.Intent.Weight):
		r.Errorf("%s: the lab has %s at %g %%, the ledger has %g %% and the intent %+v", where, r.wish.Label(), got, open.Weight, open.Intent)
	}
}

// shareOf is how much of the traffic a payload has.
func shareOf(obs wire.Observation, p artifact.Payload) float64 {
	share := 0.0
	for _, arm := range []*wire.Arm{obs.Baseline, obs.Canary} {
		if arm != nil && arm.Payload.Same(p) {
			share += arm.Weight
		}
	}
	return share
}
