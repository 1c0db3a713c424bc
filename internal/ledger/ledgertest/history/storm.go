package history

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Storm is what many clients ask of one ledger at once, at random: appends under a lease
// and without, behind what is the end and what was; repeated ones, and ids that are
// taken; reads; leases that are looked at, taken, renewed and given back, also by who
// does not know yet that it lost them.
type Storm struct {
	// Seed decides what is asked; when, the machine decides.
	Seed uint64
	// Clients ask Each questions each. In each of Groups there are two streams and the
	// lease under which one appends to them.
	Clients, Each, Groups int
	// Patience bounds each call; 0 means a minute. What takes longer has an unknown
	// outcome.
	Patience time.Duration
	// Padding is how many bytes each record's body has besides its number.
	Padding int
}

// epoch is when the records of storms were written.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Run plays the storm through the handles that open gives to each client, and afterwards
// looks at everything through last, which no fault may strike any more. It returns all
// that happened.
func (s Storm) Run(ctx context.Context, open func(client int) ledger.Ledger, last ledger.Ledger) ([]Op, error) {
	if s.Patience == 0 {
		s.Patience = time.Minute
	}
	var (
		rec Recording
		all sync.WaitGroup
	)
	for i := range s.Clients {
		name := fmt.Sprintf("client-%d", i)
		c := &client{
			storm: s, name: name, ledger: rec.Recorder(open(i), name),
			dice: rand.New(rand.NewPCG(s.Seed, uint64(i))), ends: map[string]uint64{}, leases: map[string]ledger.Lease{}, fences: map[string]uint64{},
		}
		all.Go(func() {
			for range s.Each {
				c.ask(ctx)
				// Where calls take no time each client would otherwise ask all at once.
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	end := rec.Recorder(last, "last")
	for g := range s.Groups {
		for _, stream := range streams(g) {
			if _, err := end.Read(ctx, stream, 1); err != nil {
				return nil, fmt.Errorf("reading %s at the end: %w", stream, err)
			}
		}
		if _, err := end.Lease(ctx, leaseOf(g)); err != nil {
			return nil, fmt.Errorf("looking at the lease %s at the end: %w", leaseOf(g), err)
		}
	}
	return rec.Ops()
}

func streams(group int) []string {
	return []string{fmt.Sprintf("release/%d/eu", group), fmt.Sprintf("release/%d/us", group)}
}

func leaseOf(group int) string { return fmt.Sprintf("release/%d", group) }

// client is one of a storm. It remembers what it was told, so much of what it asks is
// what a driver would.
type client struct {
	storm  Storm
	name   string
	ledger ledger.Ledger
	dice   *rand.Rand
	n      int
	// ends, leases and fences are what the client believes: where streams end, what
	// leases are, and under which fence it holds them.
	ends   map[string]uint64
	leases map[string]ledger.Lease
	fences map[string]uint64
	// mine are appends of before.
	mine []Call
}

// ask makes one call, in some cases a second. What comes of it is in the recording.
func (c *client) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.storm.Patience)
	defer cancel()
	group := c.dice.IntN(c.storm.Groups)
	stream, lease := streams(group)[c.dice.IntN(2)], leaseOf(group)
	switch d := c.dice.IntN(100); {
	case d < 42 && c.fences[lease] > 0:
		c.append(ctx, stream, c.entry(lease))
	case d < 62:
		c.append(ctx, stream, c.entry(""))
	case d < 68 && len(c.mine) > 0:
		old := c.mine[c.dice.IntN(len(c.mine))]
		if d < 64 {
			// The same id with other content, on a copy: the entry is in the recording.
			changed := *old.Entry
			changed.Actor = "somebody else"
			old.Entry = &changed
		}
		_, _ = c.ledger.Append(ctx, old.Stream, old.After, *old.Entry)
	case d < 80:
		c.read(ctx, stream)
	case d < 86:
		c.look(ctx, lease)
	default:
		c.swap(ctx, lease)
	}
}

func (c *client) entry(lease string) ledger.Entry {
	c.n++
	return ledger.Entry{
		ID: fmt.Sprintf("%s-%d", c.name, c.n), Kind: "test.done", At: epoch.Add(time.Duration(c.n) * time.Second), Actor: c.name,
		Service: "checkout", Environment: "production", Lease: lease, Fence: c.fences[lease], Body: fmt.Appendf(nil, `{"n":%d,"pad":"%s"}`, c.n, strings.Repeat("x", c.storm.Padding)),
	}
}

// append appends behind what the client takes for the end, and asks again in half of the
// cases in which it does not know what came of it.
func (c *client) append(ctx context.Context, stream string, e ledger.Entry) {
	after := c.ends[stream]
	if c.dice.IntN(20) == 0 {
		after = uint64(c.dice.IntN(int(after) + 2))
	}
	c.mine = append(c.mine, Call{Verb: Append, Stream: stream, After: after, Entry: &e})
	for {
		r, err := c.ledger.Append(ctx, stream, after, e)
		if c.heard(stream, r, err) || c.dice.IntN(2) == 0 || ctx.Err() != nil {
			return
		}
	}
}

// heard takes in what an append came to, and says whether that is known.
func (c *client) heard(stream string, r ledger.Record, err error) bool {
	var (
		conflict *ledger.ConflictError
		fenced   *ledger.FencedError
	)
	switch {
	case err == nil:
		c.ends[stream] = max(c.ends[stream], r.Seq)
	case errors.As(err, &conflict):
		c.ends[stream] = conflict.Last
	case errors.As(err, &fenced):
		c.leases[fenced.Lease.Name] = fenced.Lease
		// Some go on as if nothing had been said.
		if c.dice.IntN(3) > 0 {
			delete(c.fences, fenced.Lease.Name)
		}
	default:
		return refusal(err) != nil
	}
	return true
}

func (c *client) read(ctx context.Context, stream string) {
	from := uint64(1)
	if c.dice.IntN(2) == 0 {
		from = c.ends[stream]
	}
	if records, err := c.ledger.Read(ctx, stream, from); err == nil && len(records) > 0 {
		c.ends[stream] = records[len(records)-1].Seq
	}
}

func (c *client) look(ctx context.Context, name string) {
	if l, err := c.ledger.Lease(ctx, name); err == nil {
		c.leases[name] = l
	}
}

// swap renews or gives back what the client holds, and otherwise takes it, whoever has
// it.
func (c *client) swap(ctx context.Context, name string) {
	now, known := c.leases[name]
	if !known {
		now = ledger.Lease{Name: name}
	}
	next := now
	next.Beat++
	held := now.Holder == c.name && c.fences[name] == now.Fence
	switch {
	case held && c.dice.IntN(3) == 0:
		next = ledger.Lease{Name: name, Fence: now.Fence, Beat: next.Beat}
	case !held:
		next.Holder, next.Fence, next.TTL = c.name, now.Fence+1, time.Second
	}
	err := c.ledger.SwapLease(ctx, now, next)
	var moved *ledger.LeaseConflictError
	switch {
	case err == nil:
		c.leases[name] = next
	case errors.As(err, &moved):
		c.leases[name] = moved.Lease
	default:
		return
	}
	if l := c.leases[name]; l.Holder == c.name {
		c.fences[name] = l.Fence
	}
}
