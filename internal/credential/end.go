package credential

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// End is when credentials cease to be taken that nobody renews. The zero value is that
// of credentials of which no end is known: they renew themselves, or do not say.
type End struct {
	At time.Time
	// Whose says of what they are, for people: "the credentials of AWS".
	Whose string
}

// Ender is what a target, a signal or a ledger is besides when it may know until when
// its credentials last. It asks nobody, and may be called at any time.
type Ender interface {
	CredentialsEnd() End
}

// EndOf is the end of the credentials of a thing, zero where it knows of none.
func EndOf(thing any) End {
	if e, ok := thing.(Ender); ok {
		return e.CredentialsEnd()
	}
	return End{}
}

// IsZero is whether no end is known.
func (e End) IsZero() bool { return e.At.IsZero() }

// Sooner is the one of the two that comes first.
func (e End) Sooner(other End) End {
	if e.IsZero() || !other.IsZero() && other.At.Before(e.At) {
		return other
	}
	return e
}

// String says it in a clause: "the credentials of AWS last until 2026-03-02T09:05:00Z".
func (e End) String() string {
	return e.Whose + " last until " + e.At.UTC().Format(time.RFC3339)
}

// CredentialsEnd says until when the secret lasts, where it is a JSON web token in an environment
// variable, which cannot change while this process lives. A file may be written anew at
// any time, and a command gives another secret at each call, so neither has an end.
func (r *Reference) CredentialsEnd() End {
	if r == nil || r.Env == "" {
		return End{}
	}
	secret, err := r.Resolve(context.Background())
	if err != nil {
		return End{}
	}
	return End{At: TokenEnd(secret), Whose: "the credentials in the " + r.String()}.known()
}

// known is the end, without a name where there is none.
func (e End) known() End {
	if e.IsZero() {
		return End{}
	}
	return e
}

// TokenEnd is when a JSON web token expires: the claim "exp" of RFC 7519, section 4.1.4.
// It is zero for whatever is none, or has no such claim. The signature is the business
// of whoever takes the token.
func TokenEnd(token string) time.Time {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		// A NumericDate may have a fraction.
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp <= 0 || claims.Exp > maxNumericDate {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0)
}

// maxNumericDate is the end of the year 9999, in seconds since 1970. Later dates cannot
// be written.
const maxNumericDate = 253402300799
