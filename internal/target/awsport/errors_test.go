package awsport_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

func api(code string) error {
	return &smithy.OperationError{ServiceID: "Lambda", OperationName: "UpdateAlias", Err: &smithy.GenericAPIError{Code: code}}
}

func TestAWSInTheWordsOfThePort(t *testing.T) {
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	for code, want := range map[string]target.Code{
		"AccessDenied": target.CodeUnauthorized, "ExpiredToken": target.CodeUnauthorized, "OptInRequired": target.CodeInvalid, "ThrottlingException": target.CodeUnavailable,
		"ResourceNotFoundException": target.CodeNotFound, "PreconditionFailedException": target.CodeConflict, "ResourceConflictException": target.CodeConflict,
		"ValidationException": target.CodeInvalid, "NobodyKnows": target.CodeUnavailable,
	} {
		for _, write := range []bool{true, false} {
			var kind awscloud.Kind
			err := awsport.Failed(s, api(code), write, func(out *target.Error, k awscloud.Kind) { kind, out.Remedy = k, "mine" })
			var out *target.Error
			if !errors.As(err, &out) || out.Code != want || out.Remedy != "mine" || kind != awsport.Kind(s, api(code)) || kind == "" {
				t.Errorf("%s: %+v, kind %q", code, err, kind)
			}
			if out != nil && target.IsBusy(err) != (code == "ThrottlingException") {
				t.Errorf("%s: it is busy: %t", code, target.IsBusy(err))
			}
			if out != nil && out.MaybeDone != (write && code == "NobodyKnows") {
				t.Errorf("%s, write %t: it may have taken effect: %t", code, write, out.MaybeDone)
			}
		}
	}
}

func TestWhatIsSettledStays(t *testing.T) {
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	ours := fmt.Errorf("around: %w", &target.Error{Code: target.CodeNotFound, Message: "there is none"})
	for _, err := range []error{nil, ours} {
		got := awsport.Failed(s, err, true, func(*target.Error, awscloud.Kind) { t.Error("it was changed") })
		if got != err || awsport.Kind(s, err) != "" { //nolint:errorlint // The very same error comes back.
			t.Errorf("%v became %v", err, got)
		}
	}
}
