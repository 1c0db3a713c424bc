// Package awsport puts the errors of AWS into the words of the Target port, the same
// for every driver of AWS.
package awsport

import (
	"errors"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// codes puts AWS's kinds of errors into the codes of the port. Throttled is not
// permanent, and surely changed nothing.
var codes = map[awscloud.Kind]target.Code{
	awscloud.Credentials: target.CodeUnauthorized, awscloud.Denied: target.CodeUnauthorized,
	awscloud.Region: target.CodeInvalid, awscloud.Throttled: target.CodeUnavailable, awscloud.NotFound: target.CodeNotFound,
	awscloud.Stale: target.CodeConflict, awscloud.Conflict: target.CodeConflict, awscloud.Invalid: target.CodeInvalid,
	awscloud.Unreachable: target.CodeUnavailable, awscloud.Unknown: target.CodeUnavailable,
}

// Failed makes the port's error of one of AWS; nil, and an error that is the port's
// already, stay as they are. A write whose outcome is unknown may have taken effect. A
// driver that knows more about an error changes it in more, which may be nil.
func Failed(s *awscloud.Session, err error, write bool, more func(*target.Error, awscloud.Kind)) error {
	if settled(err) {
		return err
	}
	e := s.Explain(err)
	out := &target.Error{Code: codes[e.Kind], Message: e.Message, Remedy: e.Remedy, Err: e.Err, MaybeDone: write && e.Kind == awscloud.Unknown,
		Busy: e.Kind == awscloud.Throttled || awscloud.HeldUp(err)}
	if more != nil {
		more(out, e.Kind)
	}
	return out
}

// Unread is the error of a look after a write that was taken: what says that it was
// written, and err why nobody can look. It is no refusal of the write, whatever the look
// was refused for, so it is not permanent: whoever asks observes, and is told there.
func Unread(err error, what string) error {
	out := &target.Error{Code: target.CodeUnavailable, MaybeDone: true, Message: what, Err: err}
	var te *target.Error
	if errors.As(err, &te) {
		out.Message, out.Remedy = what+": "+te.Message, te.Remedy
		if te.Code == target.CodeConflict {
			out.Code = te.Code
		}
	}
	return out
}

// Kind says what AWS meant. It is empty for nil, and for what is the port's already.
func Kind(s *awscloud.Session, err error) awscloud.Kind {
	if settled(err) {
		return ""
	}
	return s.Explain(err).Kind
}

func settled(err error) bool {
	var known *target.Error
	return err == nil || errors.As(err, &known)
}
