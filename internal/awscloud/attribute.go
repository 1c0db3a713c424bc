package awscloud

// Attribute is where in the settings an author would mend an error, by the JSON names:
// "region", "assume_role". It is empty where nothing of them is to blame.
func (s Settings) Attribute(e *Error) string {
	_, operation := called(e.Err)
	switch {
	case operation == "AssumeRoleWithWebIdentity" && s.WebIdentity != nil:
		return "assume_role_with_web_identity"
	case operation == "AssumeRole" && len(s.AssumeRole) > 0:
		return "assume_role"
	}
	switch e.Kind {
	case Credentials, Denied:
		return s.whoseAttribute()
	case Region:
		return "region"
	case Unreachable:
		if s.Endpoint != "" {
			return "endpoint"
		}
		return "region"
	default:
		return ""
	}
}

// whoseAttribute says by whose right calls are made.
func (s Settings) whoseAttribute() string {
	switch {
	case len(s.AssumeRole) > 0:
		return "assume_role"
	case s.WebIdentity != nil:
		return "assume_role_with_web_identity"
	case s.Profile != "":
		return "profile"
	}
	return ""
}
