package postgres

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

const lookAtOurs = "look at sslcert and sslkey in the URL, at the certificate's dates, and whether the server's ssl_ca_file has its authority"

// distrust says what to do where the server and this side do not take each other's
// certificate; it is empty where that is not what err is about.
func distrust(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		return "the server's certificate is signed by nobody who is trusted; name the file of its authority in the URL, for example &sslrootcert=/etc/ssl/ledger-ca.pem, or in PGSSLROOTCERT"
	case errors.As(err, &host):
		return "the server's certificate is of another name than the URL's host; name the server as its certificate does"
	case errors.As(err, &invalid):
		return "the server's certificate is not one to trust, now or for this; look at its dates and at what it may be used for"
	case errors.As(err, &op) && op.Op == "remote error":
		return "the server does not take the certificate that it was shown; " + lookAtOurs
	case (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) && strings.Contains(err.Error(), "startup message"):
		// What the server says of it may be lost when it closes while this side still writes.
		return "the server closed the connection at once, as one does that does not take the certificate that it was shown; " + lookAtOurs
	}
	return ""
}

// takesNoTLS is whether a server answered that it takes no TLS, and nobody may connect
// without.
func takesNoTLS(err *pgconn.ConnectError) bool {
	insists := err.Config.TLSConfig != nil
	for _, f := range err.Config.Fallbacks {
		insists = insists && f.TLSConfig != nil
	}
	return insists && strings.Contains(err.Error(), "server refused TLS connection")
}

// unreadable says which of the files that a URL names cannot be used, and why; it is empty
// where that is not what err is about. None of the words are the URL's.
func unreadable(err error) string {
	var (
		parse *pgconn.ParseConfigError
		file  *fs.PathError
	)
	switch {
	case errors.As(err, &file):
		return "a file that it names, or that the environment does, cannot be read: " + file.Error() + "; look at sslrootcert, sslcert, sslkey, passfile and servicefile"
	case errors.As(err, &parse) && strings.Contains(err.Error(), "failed to configure TLS") && parse.Unwrap() != nil:
		return "what it says of TLS cannot be used: " + parse.Unwrap().Error() + "; look at sslmode, sslrootcert, sslcert and sslkey"
	case errors.As(err, &parse) && strings.Contains(err.Error(), "failed to read service") && parse.Unwrap() != nil:
		return "the service that it names, or that PGSERVICE does, cannot be used: " + parse.Unwrap().Error() + "; look at service and servicefile"
	}
	return ""
}
