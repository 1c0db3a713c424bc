package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// renamed is the version since which the functions of a backup have the names of now.
const renamed = 150000

// backUp copies the server's files into a folder for a standby while the server runs,
// as PostgreSQL's manual has it for who does so without pg_basebackup: the one of the
// system is often older than the server that is tested, and asks no newer one.
func (s *Server) backUp(to *Server) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	// A backup lasts as long as its connection.
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var version int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	start, stop := "pg_backup_start('standby', true)", "pg_backup_stop(false)"
	if version < renamed {
		start, stop = "pg_start_backup('standby', true, false)", "pg_stop_backup(false)"
	}
	if _, err := conn.Exec(ctx, "SELECT "+start); err != nil {
		return err
	}
	if err := to.take(s.data()); err != nil {
		return fmt.Errorf("copying the server's files: %w", err)
	}
	var label string
	if err := conn.QueryRow(ctx, "SELECT labelfile FROM "+stop).Scan(&label); err != nil {
		return err
	}
	return errors.Join(to.write("backup_label", []byte(label)), to.write("standby.signal", nil))
}

// take copies what a running server has in its folder.
func (s *Server) take(from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		name := strings.TrimPrefix(strings.TrimPrefix(path, from), "/")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // It was a file for a while.
		case err != nil:
			return err
		case entry.IsDir():
			return s.folder(name)
		case strings.HasPrefix(name, "postmaster."):
			return nil // These are of the process.
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, s.write(name, content))
	})
}

func (s *Server) folder(name string) error {
	place := filepath.Join(s.data(), name)
	return errors.Join(os.Mkdir(place, 0o700), s.give(place))
}

// write makes a file of the cluster.
func (s *Server) write(name string, content []byte) error {
	place := filepath.Join(s.data(), name)
	return errors.Join(os.WriteFile(place, content, 0o600), s.give(place))
}

// give makes what the tests wrote the server's own.
func (s *Server) give(place string) error {
	if s.user == nil {
		return nil
	}
	return os.Chown(place, int(s.user.Uid), int(s.user.Gid))
}
