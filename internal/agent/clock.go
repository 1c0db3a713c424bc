package agent

// clockState is what an agent has told of its machine's clock.
type clockState string

// The states.
const (
	clockFine    clockState = ""
	clockApart   clockState = "apart"
	clockRefused clockState = "refused"
)

// tellOfClock logs that the machine's clock is not the store's, once for each change, at
// the start as well: nothing goes forward from here when it is minutes wrong.
func (a *Agent) tellOfClock() {
	text, refused := a.engine.ClockTrouble()
	now := clockFine
	switch {
	case refused:
		now = clockRefused
	case text != "":
		now = clockApart
	}
	before := a.clockTrouble
	if a.clockTrouble = now; now == before {
		return
	}
	switch now {
	case clockFine:
		a.log.Info("the clock of this machine is that of the ledger's store again")
	case clockApart:
		a.log.Warn("the clock is wrong", "trouble", text)
	default:
		a.log.Error("the clock is wrong, and nothing goes forward from here until it is set", "trouble", text)
	}
}
