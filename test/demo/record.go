package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (s *stage) record() {
	s.say("All of this is in the ledger, a file beside the configuration. Everybody can read it, with Terraform or without:")
	r := s.sluice("status")
	s.show(r)
	s.exited(r, 0, "the status is read")
	s.expect("it names what serves and what is in quarantine", containsAll(r.text, checkout.String(), "1.2.1", "1.1.0", "1.2.0") == "", r.text)
	r = s.sluice("history", checkout.String())
	s.show(r)
	s.exited(r, 0, "the history is read")
	s.expect("it has all six rollouts", containsAll(r.text, "1.1.0", "1.2.0", "rolled back", "repair", "rollback") == "", r.text)

	s.say("Each record carries the hash of the one before it, so nobody can change the past unseen:")
	r = s.sluice("verify")
	s.show(r)
	s.exited(r, 0, "the chain is whole")

	s.say("Let somebody try. In a copy of the ledger one byte of one record is changed:")
	copied, changed, err := s.tamper()
	if err != nil {
		s.fail("one byte of a copy of the ledger is changed", err.Error(), "")
		return
	}
	name := fmt.Sprintf("%s#%d", changed.Stream, changed.Seq)
	s.say("The record is " + name + ", \"" + changed.Kind + "\".")
	r = s.sluice("verify", "--ledger", "sqlite:"+filepath.ToSlash(copied))
	s.show(r)
	s.exited(r, 1, "verify ends with 1")
	s.expect("it names the record", containsAll(r.text, name) == "", r.text)
	s.exited(s.run(s.programs.sluice, "verify"), 0, "the ledger itself is untouched, and whole")
}

// tamper copies the ledger and flips the lowest bit of one byte of a record's
// body in the copy. It returns the copy's path and the record.
func (s *stage) tamper() (string, ledger.Record, error) {
	if s.stopped() {
		return "", ledger.Record{}, nil
	}
	_, records, err := s.records()
	if err != nil {
		return "", ledger.Record{}, err
	}
	copied := filepath.Join(s.work, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(s.ledgerPath() + suffix)
		if errors.Is(err, os.ErrNotExist) && suffix != "" {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+suffix, content, 0o600)
		}
		if err != nil {
			return "", ledger.Record{}, err
		}
	}
	// What the last writer left beside the file is taken into it, so that the byte
	// is not in a page that has a newer copy.
	l, err := ledgers.Open(s.ctx, "sqlite:"+filepath.ToSlash(copied), ledgers.Options{MustExist: true, Clock: s.clock})
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		return "", ledger.Record{}, err
	}
	content, err := os.ReadFile(copied)
	if err != nil {
		return "", ledger.Record{}, err
	}
	rec, at, err := pick(content, records)
	if err != nil {
		return "", ledger.Record{}, err
	}
	content[at] ^= 1
	return copied, rec, os.WriteFile(copied, content, 0o600)
}

// pick finds a record whose body stands in the file exactly once and in one
// piece, and gives the place of a byte in the middle of it. A step that passed is
// a good one: to have it not pass is what somebody might want.
func pick(content []byte, records []ledger.Record) (ledger.Record, int, error) {
	for _, kind := range []string{release.KindStepPassed, release.KindGates, release.KindTick, release.KindIntent} {
		for _, rec := range records {
			if rec.Kind == kind && bytes.Count(content, rec.Body) == 1 {
				return rec, bytes.Index(content, rec.Body) + len(rec.Body)/2, nil
			}
		}
	}
	return ledger.Record{}, 0, errors.New("no record of the ledger stands in its file in one piece")
}
