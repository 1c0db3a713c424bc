// Package proof proves that no ledger loses anything: sixteen processes on each, struck
// by faults and killed, write down what they ask and are answered, and every
// acknowledged record must be there once, in order, in chains that verify, by a history
// that is linearizable. "make test" runs a small form of it, "make proof" the full one.
package proof
