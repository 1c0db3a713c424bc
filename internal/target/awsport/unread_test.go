package awsport_test

import (
	"errors"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// A look that is refused after a write is no refusal of the write, and says why nobody can
// look.
func TestUnread(t *testing.T) {
	for code, want := range map[target.Code]target.Code{
		target.CodeUnauthorized: target.CodeUnavailable, target.CodeNotFound: target.CodeUnavailable, target.CodeConflict: target.CodeConflict,
	} {
		cause := &target.Error{Code: code, Message: "no", Remedy: "ask"}
		var te *target.Error
		if err := awsport.Unread(cause, "it was written"); !errors.As(err, &te) || te.Code != want || !te.MaybeDone || te.Message != "it was written: no" || te.Remedy != "ask" || !errors.Is(err, cause) || target.IsPermanent(err) {
			t.Errorf("%s: %+v", code, te)
		}
	}
}
