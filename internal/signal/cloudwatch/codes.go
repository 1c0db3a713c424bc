package cloudwatch

import (
	"context"
	"errors"
	"strings"

	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// plainCodes takes the namespace off the codes of errors, "com.amazonaws.cloudwatch#", before
// anybody decides by them whether to try again. The SDK's client of this protocol leaves it
// there unless the answer has a header that not every refusal has.
func plainCodes(o *awscloudwatch.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("PlainCodes", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			var e *smithy.GenericAPIError
			if errors.As(err, &e) {
				e.Code = e.Code[strings.LastIndex(e.Code, "#")+1:]
			}
			return out, metadata, err
		}), middleware.Before)
	})
}
