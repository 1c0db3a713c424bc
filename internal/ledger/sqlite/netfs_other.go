//go:build !linux

package sqlite

// IsNetworkFS says whether path is on a network file system. This system cannot
// tell, so the answer is always no: it only guards the ledger that nobody named.
func IsNetworkFS(string) bool { return false }
