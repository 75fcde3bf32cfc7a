// Package origin compares where pages come from, as browsers write it in the header Origin and
// people in settings.
package origin

import (
	"fmt"
	"net/url"
	"strings"
)

// Origin is where a page comes from. Two of them are the same if they are equal.
type Origin struct{ scheme, host, port string }

// usual are the ports that stand in no address.
var usual = map[string]string{"http": "80", "https": "443"}

// Parse reads scheme://host[:port], in any case, and with a slash at its end or without.
func Parse(text string) (Origin, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Origin{}, fmt.Errorf("bad origin: %w", err)
	}
	o := Origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		o.port = usual[o.scheme]
	}
	if o.host == "" || o.port == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil {
		return Origin{}, fmt.Errorf("bad origin %q: want scheme://host or scheme://host:port", text)
	}
	return o, nil
}

// Scheme is that of the origin, "https" for instance.
func (o Origin) Scheme() string { return o.scheme }

// String writes the origin as browsers do.
func (o Origin) String() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.port != usual[o.scheme] {
		host += ":" + o.port
	}
	return o.scheme + "://" + host
}
