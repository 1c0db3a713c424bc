package haproxy

import (
	"encoding/csv"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Server is one server of a backend, as HAProxy sees it.
type Server struct {
	Backend, Name string
	// Address and Port are where HAProxy sends its requests.
	Address string
	Port    int
	// Weight is the present one, 0 to 256, and InitialWeight that of the
	// configuration file.
	Weight, InitialWeight int
	// Admin is what people and configuration want of it.
	Admin Admin
	// Since is how long ago its state last changed.
	Since time.Duration
	// Running is false once its health checks have failed.
	Running bool
	// Checked is whether there is a health check, and Passed whether its last
	// result was good.
	Checked, Passed bool
	// Backup is true for a server that serves only when no other does.
	Backup bool
	// Sessions is how many are open now.
	Sessions int64
	// Cookie is true where clients stick to the server by a cookie. Algorithm is
	// the backend's, empty where the socket's level hides it.
	Cookie    bool
	Algorithm string
	// Counters are cumulative since HAProxy started.
	Counters Counters
}

// ID names the server as the runtime API does: "backend/server".
func (s Server) ID() string { return s.Backend + "/" + s.Name }

// HostPort is the server's address with its port.
func (s Server) HostPort() string { return net.JoinHostPort(s.Address, strconv.Itoa(s.Port)) }

// Counters counts what a server has done.
type Counters struct {
	// HTTP is whether the backend speaks HTTP.
	HTTP bool
	// Total counts the requests that ended: with an answer of the server, or with
	// none. Bad counts those with status 5xx and those without an answer. In TCP
	// mode they count sessions, and those that failed.
	Total, Bad int64
}

// Admin is the administrative state of a server.
type Admin string

// The administrative states.
const (
	Ready Admin = "ready"
	Drain Admin = "drain"
	Maint Admin = "maint"
)

// Snapshot is what one answer of HAProxy says.
type Snapshot struct {
	// Level is the socket's: user, operator or admin.
	Level string
	// Process tells one process of HAProxy from the next.
	Process string
	// Servers by backend, in the order of the configuration file.
	Servers map[string][]Server
	// State is the content for a server-state file.
	State string
	// Map is what the site's map holds.
	Map Map
	// Said is what HAProxy answered to the commands before the questions.
	Said string
}

// questions is what Read asks, in one line, after commands that change something.
// The statistics are those of backends (2) and servers (4).
var questions = []string{"show cli level", "show info", "show servers state", "show stat -1 6 -1"}

// parse reads the answers to questions. Each ends with an empty line.
func parse(answer string) (Snapshot, error) {
	s := Snapshot{Servers: map[string][]Server{}}
	info, state, stat := "\nName: ", "\n1\n# be_id ", "\n# pxname,"
	i := strings.Index(answer, info)
	j := strings.Index(answer, state)
	k := strings.Index(answer, stat)
	if i < 0 || j < i || k < j {
		return s, fmt.Errorf("%w: it is not what a stats socket of HAProxy 2.0 or newer says", errForeign)
	}
	head := strings.TrimSpace(answer[:i])
	at := strings.LastIndex(head, "\n")
	s.Said, s.Level = strings.TrimSpace(head[:at+1]), head[at+1:]
	s.Process = process(answer[i:j])
	s.State = strings.TrimSpace(answer[j:k]) + "\n"
	index, err := s.state(answer[j+len("\n1\n") : k])
	if err != nil {
		return s, err
	}
	stats, rest, whole := strings.Cut(answer[k+1:], "\n\n")
	if !whole {
		return s, fmt.Errorf("%w: the statistics are cut short", ErrBroken)
	}
	s.Map = parseMap(rest)
	return s, s.stat(stats+"\n", index)
}

var errForeign = fmt.Errorf("the answer cannot be read")

func process(info string) string {
	var pid, start string
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Pid":
			pid = value
		case "Start_time_sec":
			start = value
		}
	}
	return pid + "@" + start
}

// state reads "show servers state", format 1.
func (s *Snapshot) state(text string) (map[string]*Server, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	column := map[string]int{}
	for i, name := range strings.Fields(strings.TrimPrefix(lines[0], "# ")) {
		column[name] = i
	}
	index := map[string]*Server{}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		r := record{column: column, fields: fields}
		admin := r.number("srv_admin_state")
		srv := Server{Backend: r.text("be_name"), Name: r.text("srv_name"), Address: r.text("srv_addr"), Port: int(r.number("srv_port")),
			Weight: int(r.number("srv_uweight")), InitialWeight: int(r.number("srv_iweight")), Admin: adminState(admin),
			Since:   time.Duration(r.number("srv_time_since_last_change")) * time.Second,
			Running: r.number("srv_op_state") != 0, Checked: r.number("srv_check_state")&checkConfigured != 0}
		if r.err != nil {
			return nil, fmt.Errorf("%w: %w in %q", errForeign, r.err, line)
		}
		s.Servers[srv.Backend] = append(s.Servers[srv.Backend], srv)
	}
	for _, servers := range s.Servers {
		for i := range servers {
			index[servers[i].ID()] = &servers[i]
		}
	}
	return index, nil
}

// The bits of srv_admin_state (a server can be in maintenance by its own word,
// by a tracked server's, or because its name does not resolve) and of
// srv_check_state; from HAProxy's server-t.h and check-t.h.
const (
	adminMaint      = 0x01 | 0x02 | 0x20
	adminDrain      = 0x08 | 0x10
	checkConfigured = 0x02
)

func adminState(bits int64) Admin {
	switch {
	case bits&adminMaint != 0:
		return Maint
	case bits&adminDrain != 0:
		return Drain
	default:
		return Ready
	}
}

// stat reads "show stat" for backends and servers.
func (s *Snapshot) stat(text string, index map[string]*Server) error {
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# "))).ReadAll()
	if err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		r := record{column: column, fields: row}
		if r.text("svname") == "BACKEND" {
			for i := range s.Servers[r.text("pxname")] {
				s.Servers[r.text("pxname")][i].Algorithm = r.optional("algo")
			}
			continue
		}
		srv := index[r.text("pxname")+"/"+r.text("svname")]
		if srv == nil {
			continue // Made between the two answers; the next reading has it.
		}
		srv.Backup, srv.Sessions = r.number("bck") != 0, r.number("scur")
		srv.Cookie = r.optional("cookie") != ""
		srv.Passed = passed(r.optional("check_status"))
		srv.Counters = counters(&r)
		if r.err != nil {
			return fmt.Errorf("%w: %w of %s", errForeign, r.err, srv.ID())
		}
	}
	return nil
}

// passed reads the status of the last check that ended. While another is under
// way a star stands before it, and srv_check_result says nothing.
func passed(status string) bool {
	switch strings.TrimPrefix(status, "* ") {
	case "L4OK", "L6OK", "L7OK", "L7OKC", "PROCOK":
		return true
	default:
		return false
	}
}

// counters adds up what ended. Interim answers (1xx) are not the end of a
// request. econ counts connections to the server that failed for good, eresp
// answers that broke off, were malformed or did not come in time; neither is
// among the hrsp_* of the server.
func counters(r *record) Counters {
	failed := r.number("econ") + r.number("eresp")
	if r.text("mode") != "http" {
		return Counters{Total: r.number("stot"), Bad: failed}
	}
	c := Counters{HTTP: true, Total: failed, Bad: failed + r.number("hrsp_5xx")}
	for _, class := range []string{"hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"} {
		c.Total += r.number(class)
	}
	return c
}

// record is one row of a table with named columns. It remembers the first thing
// that was wrong.
type record struct {
	column map[string]int
	fields []string
	err    error
}

func (r *record) optional(name string) string {
	if i, ok := r.column[name]; ok && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

func (r *record) text(name string) string {
	i, ok := r.column[name]
	if (!ok || i >= len(r.fields)) && r.err == nil {
		r.err = fmt.Errorf("there is no column %s", name)
	}
	return r.optional(name)
}

// number reads a column; empty is 0, as HAProxy leaves out what does not apply.
func (r *record) number(name string) int64 {
	text := r.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the column %s is %q and no number", name, text)
	}
	return n
}
