package app

import (
	"fmt"

	"sneakers23/app/operator"
	"sneakers23/replication/cluster"
	"sneakers23/templates"
	"sneakers23/web/admin"
	"sneakers23/web/admin/fleet"
	"sneakers23/web/channel"
	"sneakers23/web/forwarded"
)

// minAdminPassword is the shortest password in bytes that is taken.
const minAdminPassword = 12

// validateAdmin tells what is wrong with the password of a node that is open to others or not. It
// never repeats a password.
func (c Config) validateAdmin(open bool) error {
	const own = "an --admin-password of your own (at least %d characters; try: openssl rand -hex 16)"
	switch {
	case c.AdminPassword != "" && len(c.AdminPassword) < minAdminPassword:
		return fmt.Errorf("--admin-password is too short: at least %d characters", minAdminPassword)
	case c.AdminPassword != "":
		return nil
	case c.clustered():
		return fmt.Errorf("a cluster needs "+own+", the same on all nodes", minAdminPassword)
	case open:
		return fmt.Errorf("--listen %s is open to others: that needs "+own, c.Listen, minAdminPassword)
	}
	return nil
}

// adminPassword lets admins in. One that the node made itself is told to whoever starts it.
func (n *Node) adminPassword() (string, error) {
	if n.cfg.AdminPassword != "" {
		return n.cfg.AdminPassword, nil
	}
	own, err := n.dir.adminPassword()
	n.madePassword = own
	return own, err
}

// openAdmin builds the dashboard's page and socket.
func (s *shopServer) openAdmin(
	n *Node, proxies forwarded.Proxies, set *templates.Set, secrets []string, password string,
) (*admin.Pages, error) {
	var err error
	s.signIn, err = admin.NewSignIn(admin.SignInConfig{
		Secrets: secrets, Password: password, Scheme: proxies.Scheme, Log: n.log,
	})
	if err != nil {
		return nil, err
	}
	tokens, err := admin.NewTokens(secrets, password)
	if err != nil {
		return nil, err
	}
	s.board = admin.NewBoard(admin.BoardConfig{
		Catalog: n.stock.Catalog, ShopTime: n.stock.ShopTime, Orders: n.orders, Journal: journal{n.db.Pool},
		Nodes: n.nodeStates, Fault: n.fault, Topics: s.topics, Log: n.log,
	})
	admins := s.socketConfig(n, proxies, askAdminPoll)
	admins.Connect, admins.MaxQueue = tokens.Connect, adminQueue
	devices := fleet.Route(fleet.Config{
		KeepFresh: tokens.KeepFresh, Store: n.devices, Tracker: n.others.tracker, Log: n.log,
		Desk: operator.DeviceDesk{Operator: n.operator},
	})
	desk := operator.Desk{Operator: n.operator}
	admins.Routes = append(admin.Routes(tokens, n.others.tracker, s.board, desk), devices)
	if s.admins, err = channel.New(admins); err != nil {
		return nil, err
	}
	return admin.NewPages(n.stock, set, s.assets.URL, s.signIn, tokens), nil
}

// adminQueue is how many bytes may wait for an admin. They are few, and a dashboard begins with
// much.
const adminQueue = 4 << 20

// nodeStates are this node and the others, as the dashboard shows them.
func (n *Node) nodeStates() []admin.NodeState {
	view := func(p cluster.Peer) admin.NodeState {
		return admin.NodeState{
			Name: p.Name, Run: p.Run, Started: p.Started, Sockets: p.Sockets, Revision: p.Revision,
			Lag:   p.Lag.Milliseconds(),
			Ready: p.Ready, Fault: admin.Fault(p.Fault),
		}
	}
	states := []admin.NodeState{view(n.cluster.Self())}
	for _, p := range n.cluster.Peers() {
		states = append(states, view(p))
	}
	return states
}
