package cli

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// prices are what a store takes, in any currency: for a thousand requests, and for a
// gigabyte a month.
type prices struct{ put, get, storage float64 }

// costJSON is an estimate of what a bucket costs a month, and what it rests on.
type costJSON struct {
	// Writes and Reads are requests a month.
	Writes float64 `json:"writes"`
	Reads  float64 `json:"reads"`
	// GB is what is stored, former versions included.
	GB float64 `json:"gb"`
	// Requests, Storage and Total are amounts a month, in the currency of the prices.
	Requests float64 `json:"requests"`
	Storage  float64 `json:"storage"`
	Total    float64 `json:"total"`
}

// What an estimate assumes, from the counts in ADR 0031: an append is a write, and
// two where a head is not known; a beat of a lease comes with every third append;
// each append is read by some five looks (the driver, a plan, a status). Each write of
// a head leaves a former version, kept for the month.
const (
	writesPerRecord   = 1.5
	readsPerRecord    = 5
	bytesPerVersion   = 20e3
	bytesPerGigabytes = 1e9
)

func (p prices) cost(c checkJSON) *costJSON {
	n := float64(c.RecordsMonth)
	out := &costJSON{Writes: n * writesPerRecord, Reads: n * readsPerRecord}
	out.GB = (float64(c.Bytes) + out.Writes*bytesPerVersion) / bytesPerGigabytes
	out.Requests = (out.Writes*p.put + out.Reads*p.get) / 1000
	out.Storage = out.GB * p.storage
	out.Total = out.Requests + out.Storage
	return out
}

// showCheck writes what was found.
func (a *app) showCheck(c checkJSON) error {
	if a.asJSON {
		return a.writeJSON(c)
	}
	a.say("The ledger %s\nin %s: %s in %s, %s.\n", c.Ledger, c.Place, plural(c.Records, "record"), plural(uint64(c.Streams), "stream"), sizeText(c))
	t := newTable("check", "state", "what")
	var remedies []string
	for _, f := range c.Findings {
		short := inCell(a.stdout, f.Value, 48)
		t.AppendRow([]any{f.Check, f.State, short})
		if f.Remedy != "" || short != f.Value {
			text := f.Check + ": " + f.Value
			if f.Remedy != "" {
				text += "; " + f.Remedy
			}
			remedies = append(remedies, prose.Wrapped(text, "  ", defaultWidth))
		}
	}
	a.say("%s", indented(t.Render()))
	for _, r := range remedies {
		a.say("\n%s", r)
	}
	if c.Cost != nil {
		a.say("\nAbout %.2f a month: %s writes and %s reads %.2f, %.2f GB with former versions\n%.2f, at the prices of --price-put, --price-get and --price-storage and the growth\nof the last 30 days, %s.",
			c.Cost.Total, amount(c.Cost.Writes), amount(c.Cost.Reads), c.Cost.Requests, c.Cost.GB, c.Cost.Storage, plural(c.RecordsMonth, "record"))
	}
	return nil
}

// amount writes a count with a unit of thousands: "117", "150 k".
func amount(n float64) string { return strings.TrimSpace(humanize.SIWithDigits(n, 1, "")) }

func sizeText(c checkJSON) string {
	if c.Objects > 0 {
		return fmt.Sprintf("%s in %s", humanize.Bytes(c.Bytes), plural(c.Objects, "object"))
	}
	return humanize.Bytes(c.Bytes)
}
