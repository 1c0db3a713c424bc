package release

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// ShortCredentialsError is returned when credentials end so soon that a run begins
// nothing. It is an ErrNoTime.
type ShortCredentialsError struct{ End credential.End }

// Error implements error.
func (e *ShortCredentialsError) Error() string {
	return fmt.Sprintf("%s, which is too soon to begin anything", e.End)
}

// Is says that it is an ErrNoTime.
func (e *ShortCredentialsError) Is(target error) bool { return target == ErrNoTime } //nolint:errorlint // This is what errors.Is calls.

// explainNoTime is about a run that begins nothing, since it would have to leave at once.
func explainNoTime(base string, err error) (string, string) {
	do := "apply again, or give the run more time: wait_at_most"
	if errors.As(err, new(*ShortCredentialsError)) {
		do = "get new credentials and apply again"
	}
	return base + ": too little time is left", sections(
		"What happened", err.Error(),
		"What serves now", "nothing was changed",
		"What to do", do)
}

// ends is by when this run has returned from what goes forward: its own limit, or the end
// of credentials that nobody renews, without which it could not even go back.
func (d *driver) ends() (at time.Time, forWant credential.End) {
	at = d.stay.Deadline
	if end := d.credentialsEnd(); !end.IsZero() && (at.IsZero() || end.At.Before(at)) {
		return end.At, end
	}
	return at, credential.End{}
}

// credentialsEnd is the end of the first credentials to end. A driver that stays whatever
// happens, an agent, has its credentials renewed by whoever runs it: giving a rollout up
// would leave it to nobody.
func (d *driver) credentialsEnd() credential.End {
	if d.e.Steady {
		return credential.End{}
	}
	end := credential.EndOf(d.tgt).Sooner(credential.EndOf(d.first))
	for _, source := range d.sources {
		end = end.Sooner(credential.EndOf(source))
	}
	if l, ok := ledger.As[credential.Ender](d.e.Ledger); ok {
		end = end.Sooner(l.CredentialsEnd())
	}
	return end
}

// late is whether this run ends sooner than one call may last.
func (d *driver) late(now time.Time) bool {
	at, _ := d.ends()
	return !at.IsZero() && !now.Add(d.e.callTimeout()).Before(at)
}

// noTime says why a run that is late begins nothing.
func (d *driver) noTime() error {
	if _, end := d.ends(); !end.IsZero() {
		return &ShortCredentialsError{end}
	}
	return ErrNoTime
}

// leftFor are the credentials for whose end a run leaves its rollout open, zero where
// it leaves for something else.
func (d *driver) leftFor() credential.End {
	if _, end := d.ends(); d.late(d.e.Clock.Now()) {
		return end.Sooner(d.stay.partLeftFor)
	}
	return d.stay.partLeftFor
}
