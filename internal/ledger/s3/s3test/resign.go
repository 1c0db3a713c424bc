package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// misread says whether moto takes the right signature of a request for a wrong one.
// It checks that of a listing after it has decoded slashes and dollars in the query, and that
// of a request without body or the digest of one over something that was never sent.
func misread(r *http.Request) bool {
	return r.URL.Query().Has("prefix") || r.ContentLength == 0 && r.Header.Get(digestHeader) == ""
}

const digestHeader = "X-Amz-Content-Sha256"

// resign signs a request that moto would misread anew, as the user whose key it
// names.
func (m *MotoServer) resign(r *http.Request) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, rest, _ := strings.Cut(credential, ",")
	id, scope, _ := strings.Cut(credential, "/")
	_, signed, _ := strings.Cut(rest, "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	secret := m.secrets[id]
	if secret == "" {
		return
	}
	if r.Header.Get(digestHeader) == "" {
		none := sha256.Sum256(nil)
		r.Header.Set(digestHeader, hex.EncodeToString(none[:]))
		names := append(strings.Split(signed, ";"), strings.ToLower(digestHeader))
		slices.Sort(names)
		signed = strings.Join(names, ";")
	}
	query := strings.Split(strings.NewReplacer("%2F", "/", "%24", "$").Replace(r.URL.RawQuery), "&")
	slices.Sort(query)
	lines := []string{r.Method, r.URL.EscapedPath(), strings.Join(query, "&")}
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+strings.TrimSpace(value))
	}
	lines = append(lines, "", signed, r.Header.Get("X-Amz-Content-Sha256"))
	request := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+credential+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(mac(key, text)))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
