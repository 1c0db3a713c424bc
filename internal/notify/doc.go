// Package notify tells others what happened: it makes CloudEvents in the vocabulary
// of CDEvents out of the ledger's records, and delivers them to webhooks and files at
// least once, in the order of each stream. It only reads records, and nothing that
// changes a release waits for it (ADR 0037).
package notify
