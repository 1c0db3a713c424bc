package ecr

import (
	"crypto/sha256"
	"encoding/hex"
)

// digestOf is the digest of some bytes.
func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
