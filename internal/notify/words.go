package notify

// To says where a notification's events go, without anything secret.
func (n Notification) To() string {
	switch {
	case n.File != nil:
		return "file " + n.File.Path
	case n.Webhook == nil:
		return "nowhere"
	case n.Webhook.URLFrom != nil:
		return "webhook from " + n.Webhook.URLFrom.String()
	default:
		return "webhook " + n.Webhook.URL
	}
}
