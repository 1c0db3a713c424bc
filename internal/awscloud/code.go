package awscloud

import (
	"encoding/base64"
	"encoding/hex"
)

// CodeDigest makes a digest of what Lambda calls CodeSha256: base64 for packages.
// Anything else is empty; of images GetFunction tells the digest.
func CodeDigest(codeSha256 string) string {
	raw, err := base64.StdEncoding.DecodeString(codeSha256)
	if err != nil || len(raw) != 32 {
		return ""
	}
	return "sha256:" + hex.EncodeToString(raw)
}
