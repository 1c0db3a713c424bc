// Package release is the engine: it makes a release true, one recorded step at a
// time, and puts the old artifact back when users are being hurt.
//
// Decide is a pure function from the history in the ledger, the latest
// observations and the time to one command. Engine carries that one command out:
// it appends the intent, does the effect, appends what was observed, and decides
// again. Nothing that matters lives anywhere but in the ledger, so any process
// can go on where another stopped.
//
// The package knows no Terraform, no vendor and no driver.
package release
