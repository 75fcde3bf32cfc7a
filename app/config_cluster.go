package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// minClusterSecret is the shortest secret of a cluster, and of publishers, in bytes.
const minClusterSecret = 16

// validateCluster tells what is wrong with the settings of the cluster.
func (c Config) validateCluster() (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case c.ClusterListen != "" && c.NATSURL != "":
		wrong("--cluster-listen and --nats-url are two ways to connect the nodes: choose one")
	case len(c.Join) > 0 && c.ClusterListen == "":
		wrong("--join needs --cluster-listen: the others must reach this node too")
	case c.clustered() && len(c.Secrets) == 0:
		wrong("a cluster needs a --secret of your own, the same on all nodes (at least %d characters; try: openssl rand -hex 32)", minSecret)
	}
	if c.ClusterListen != "" && c.ClusterSecret == "" {
		wrong("--cluster-listen needs a --cluster-secret of your own, the same on all nodes (at least %d characters; try: openssl rand -hex 32)",
			minClusterSecret)
	}
	if c.ClusterSecret != "" && len(c.ClusterSecret) < minClusterSecret {
		wrong("--cluster-secret is too short: at least %d characters", minClusterSecret)
	}
	if c.PublishSecret != "" && len(c.PublishSecret) < minClusterSecret {
		wrong("--publish-secret is too short: at least %d characters", minClusterSecret)
	}
	if c.PublishSecret != "" && c.PublishSecret == c.ClusterSecret {
		wrong("--publish-secret must not be the --cluster-secret, which may do everything")
	}
	errs = append(errs, checkAddress("--cluster-listen", c.ClusterListen),
		checkAddress("--commands-listen", c.CommandsListen))
	for _, seed := range c.Join {
		errs = append(errs, checkAddress("--join", seed))
	}
	if host, _, err := net.SplitHostPort(c.CommandsListen); err == nil && !loopback(host) && c.ClusterSecret == "" &&
		c.PublishSecret == "" {
		wrong("--commands-listen %s lets nobody in without --cluster-secret or --publish-secret", c.CommandsListen)
	}
	if u, err := url.Parse(c.NATSURL); c.NATSURL != "" && (err != nil || u.Host == "") {
		wrong("--nats-url can't be read: it should be like nats://user:password@host:4222") // it may hold a password
	}
	for _, pattern := range c.PublishTopics {
		errs = append(errs, checkPublishTopic(pattern))
	}
	return errs
}

// clustered tells whether the node may have others beside it.
func (c Config) clustered() bool { return c.ClusterListen != "" || c.NATSURL != "" }

// checkAddress tells whether a setting is host:port, when there is one.
func checkAddress(flag, address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New(flag + " " + strconv.Quote(address) + " is no host:port like 10.0.0.1:6222")
	}
	return nil
}
