package prometheus

// total adds up the series of one arm.
type total struct {
	all, part float64
	resets    int
	// counted is how many series were counted, those included that did nothing.
	counted int
	moved   map[string]sample
}

// add counts what a series did after old and through the given time.
func (t *total) add(key string, samples []sample, old sample, through int64) {
	t.counted++
	for _, s := range samples {
		if s.At <= old.At || s.At > through {
			continue
		}
		before := old
		if s.resetSince(old) {
			t.resets++
			before = sample{}
		}
		t.all += s.All - before.All
		t.part += s.Part - before.Part
		old = s
	}
	if old.At > 0 {
		t.moved[key] = old
	}
}

// begin takes up a series of a process that was not counted before. What it
// counted earlier is nobody's business, since nobody knows when that was. On the
// first answer only the last sample is wanted.
func (t *total) begin(key string, samples []sample, through int64, first bool) {
	if len(samples) == 0 {
		return
	}
	base := samples[0]
	for _, s := range samples {
		if first && s.At <= through {
			base = s
		}
	}
	switch {
	case first:
		t.moved[key] = base
	case base.At > through:
	case samples[len(samples)-1].At == base.At || samples[1].At > through:
		t.moved[key] = base
	default:
		t.add(key, samples, base, through)
	}
}
