package postgres

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// WithSearchPath returns connString, a URL or a list of key=value, with the schema as the only one
// that is searched. pgx sends what it does not know as a run-time parameter.
func WithSearchPath(connString, schema string) (string, error) {
	if !strings.Contains(connString, "://") {
		return connString + " search_path=" + schema, nil
	}
	u, err := url.Parse(connString)
	if err != nil {
		return "", errors.New("the address of the database can't be read") // it may hold a password
	}
	// The rest stays as it is: encoded again, a space would become a plus, which pgx does not read.
	params := slices.DeleteFunc(strings.Split(u.RawQuery, "&"), func(p string) bool {
		return p == "" || strings.HasPrefix(p, "search_path=") // of two, pgx takes the first
	})
	u.RawQuery = strings.Join(append(params, "search_path="+schema), "&")
	return u.String(), nil
}
