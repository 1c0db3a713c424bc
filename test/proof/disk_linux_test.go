package proof

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// diskEnv tells a process of this executable that it is the one with the small disk,
// which is to be at the folder that it names.
const diskEnv = "SLUICE_PROOF_DISK"

// disk is where a ledger is that finds no room any more.
type disk struct {
	// url is the ledger's.
	url string
	// fill takes the room that is left, and free gives it back.
	fill, free func() error
	// exhaust, where it is set, takes the room that a server keeps for its own log, too,
	// which ends it as a crash does. revive starts it again.
	exhaust func()
	revive  func() error
	// says is what a refusal must be; nil where it may be anything.
	says error
}

// disks are the ways in which a ledger has no room. What a limit does to a process needs
// no rights, and is done each time; a disk that is really full belongs to the full proof.
var disks = []struct {
	name string
	// megabytes is the size of the disk; 0 makes none.
	megabytes int
	make      func(t *testing.T, dir string) disk
}{
	{"sqlite at its limit", 0, limited},
	{"sqlite on a full disk", 4, sqliteOnDisk},
	{"postgres on a full disk", 128, postgresOnDisk},
}

// TestADiskThatIsFull has a ledger run out of room: what does not fit is refused and is not
// there, what was acknowledged is, who looks sees it, and with room again all goes on.
func TestADiskThatIsFull(t *testing.T) {
	for _, d := range disks {
		if d.megabytes > 0 && *full == 0 {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			dir := os.Getenv(diskEnv)
			if dir == "" {
				alone(t, d.megabytes > 0)
				return
			}
			if d.megabytes > 0 {
				mount(t, dir, d.megabytes)
			}
			t.Setenv("TMPDIR", dir)
			refused := fillUp(t, d.make(t, dir))
			figure(fmt.Sprintf("proof_%s_refused", strings.ReplaceAll(d.name, " ", "_")), refused, "count")
			_, _ = fmt.Fprintln(os.Stderr, played)
		})
	}
}

// played is what the process with the small disk says in the end.
const played = "the disk was full and is not any more"

// alone plays the test in a process of its own, which may limit itself, or mount a disk
// that nobody else sees and that goes with it.
func alone(t *testing.T, mounts bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The server's user must come through to it, which the folders of tests forbid.
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // As it says.
		t.Fatal(err)
	}
	run := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(self, "-test.run", run, "-full", fmt.Sprint(*full)) //nolint:gosec,noctx // This test's own executable.
	cmd.Env = append(os.Environ(), diskEnv+"="+dir)
	said := &strings.Builder{}
	cmd.Stderr, cmd.Stdout = said, said
	if mounts {
		cmd.SysProcAttr = namespace()
	}
	if err := cmd.Run(); err != nil || !strings.Contains(said.String(), played) {
		t.Fatalf("%v\n%s%s", err, said, needed(mounts))
	}
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "proof_") {
			_, _ = fmt.Fprint(os.Stdout, line)
		}
	}
}

func needed(mounts bool) string {
	if !mounts {
		return ""
	}
	return "A disk of its own is mounted by root, or by anybody whom the system lets have namespaces, which Ubuntu does after\n" +
		"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, and others after sysctl -w user.max_user_namespaces=100"
}

// namespace is one in which a process may mount what it likes. Root needs no users of
// its own for that, and PostgreSQL's needs more than one.
func namespace() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if uid := os.Getuid(); uid != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	return attr
}

func mount(t *testing.T, dir string, megabytes int) {
	t.Helper()
	if err := unix.Mount("small", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=1777", megabytes)); err != nil {
		t.Fatalf("mounting a disk of %d MB: %v", megabytes, err)
	}
}

// limited is a file beside which nothing may grow larger than its log is, for this
// process. It is no full disk for SQLite, which may call the refusal what it likes.
func limited(t *testing.T, dir string) disk {
	// Without this the signal of the limit would end the process.
	signal.Ignore(syscall.SIGXFSZ)
	var whole unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &whole); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ledger.db")
	return disk{
		url: "sqlite:" + path,
		fill: func() error {
			log, err := os.Stat(path + "-wal")
			if err != nil {
				return err
			}
			return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(log.Size()), Max: whole.Max}) //nolint:gosec // No file has less than nothing.
		},
		free: func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &whole) },
	}
}

// room fills the rest of a disk, and frees it.
func room(dir string) (fill, free func() error) {
	path := filepath.Join(dir, "of others")
	fill = func() error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		for err == nil {
			_, err = f.Write(make([]byte, 4<<10))
		}
		if errors.Is(err, unix.ENOSPC) {
			err = nil
		}
		return errors.Join(err, f.Close())
	}
	return fill, func() error { return os.Remove(path) }
}

func sqliteOnDisk(_ *testing.T, dir string) disk {
	fill, free := room(dir)
	return disk{url: "sqlite:" + filepath.Join(dir, "ledger.db"), fill: fill, free: free, says: errFull}
}

// switchLog has a server begin a new file of its write-ahead log, for which there is no
// room, as soon as it writes.
func switchLog(t *testing.T, s *pgtest.Server) {
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	for n := 0; err == nil && n < 3; n++ {
		// It ends the server at the latest at the second.
		_, err = conn.Exec(t.Context(), fmt.Sprintf("SELECT pg_switch_wal(), pg_logical_emit_message(true, 'x', '%d')", n))
	}
	t.Logf("the server's own log: %v", err)
}

func postgresOnDisk(t *testing.T, dir string) disk {
	s := pgtest.Start(t)
	fill, free := room(dir)
	return disk{
		url: s.URL("postgres"), fill: fill, free: free, says: errFull,
		exhaust: func() { switchLog(t, s) },
		revive:  func() error { return errors.Join(s.Kill(), s.Run()) },
	}
}
