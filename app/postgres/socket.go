package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Nothing listens on TCP: the port is but the last part of the socket's name, and may be the same
// everywhere.
const (
	port       = "5432"
	socketName = ".s.PGSQL." + port
)

// superuser and database are the names that an operator meets in psql.
const (
	superuser = "sneakers23"
	database  = "sneakers23"
)

// socketDir chooses where the server has its socket: in the data directory, which only its owner
// (and root) can enter. Where that path is too long for a socket's address, or has a comma (it
// would separate hosts in a connection string), it is a short directory that is as private.
func socketDir(data string) string {
	var address syscall.RawSockaddrUnix
	if len(data)+1+len(socketName) < len(address.Path) && !strings.Contains(data, ",") {
		return data
	}
	sum := sha256.Sum256([]byte(data))
	return "/tmp/sneakers23-" + hex.EncodeToString(sum[:8])
}

// makeSocketDir makes the short directory where one is needed, and takes none from a stranger.
func makeSocketDir(dir, data string, owner account) error {
	if dir == data {
		return nil
	}
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = owner.own(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("postgres: make the directory of the socket: %w", err)
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("postgres: look at the directory of the socket: %w", err)
	}
	if !fi.IsDir() || fi.Mode().Perm() != 0o700 || ownerOf(fi).uid != owner.uid {
		return fmt.Errorf("postgres: %s was made by somebody else: remove it (it is for the socket of the server in %s, "+
			"whose own path is too long for one)", dir, data)
	}
	return nil
}

// connString is the address of a database, for pgx and for psql.
func connString(socketDir, port, database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.User(superuser),
		Path:   "/" + database,
		// Neither pgx nor psql takes a plus sign for a blank.
		RawQuery: strings.ReplaceAll(url.Values{"host": {socketDir}, "port": {port}}.Encode(), "+", "%20"),
	}
	return u.String()
}

// quoteDirs writes a directory as the setting unix_socket_directories wants it: that is a list.
func quoteDirs(dir string) string {
	return `"` + strings.ReplaceAll(filepath.Clean(dir), `"`, `""`) + `"`
}
