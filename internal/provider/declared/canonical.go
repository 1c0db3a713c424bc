package declared

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Canonical makes the function of that name in Object for a domain type: it reads
// strictly, since a member that is dropped would change the meaning.
func Canonical[T any](check func(T) field.Errors, normalize func(T) T) func(json.RawMessage) (json.RawMessage, field.Errors) {
	return func(raw json.RawMessage) (json.RawMessage, field.Errors) {
		var object T
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&object); err != nil {
			return nil, field.Errors{{Msg: fmt.Sprintf("the content cannot be read: %v; allowed is the content of a definition, as this version of the provider writes it", err)}}
		}
		errs := check(object)
		if normalize != nil {
			object = normalize(object)
		}
		content, err := json.Marshal(object)
		if err != nil {
			errs = append(errs, field.Error{Msg: err.Error()})
		}
		return content, errs
	}
}
