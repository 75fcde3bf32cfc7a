package postgres

import (
	"errors"
	"net/url"
	"strings"
)

// WithSearchPath returns connString, a URL or a list of key=value, with the schema as the only one that is searched. pgx sends
// what it does not know as a run-time parameter.
func WithSearchPath(connString, schema string) (string, error) {
	if !strings.Contains(connString, "://") {
		return connString + " search_path=" + schema, nil
	}
	u, err := url.Parse(connString)
	if err != nil {
		return "", errors.New("the address of the database can't be read") // it may hold a password
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "search_path=" + schema // as it is: encoded anew, a space would become a plus, which pgx does not read
	return u.String(), nil
}
