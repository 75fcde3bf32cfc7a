package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/thejerf/suture/v4"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/web/gateway"
	"sneakers23/web/quota"
	"sneakers23/web/tally"
)

// gatewayServer is the side of a node at which devices connect. It is a service: see Serve.
type gatewayServer struct {
	listener  net.Listener // nil: the node has no gateway, and there is nothing of what follows
	server    *gateway.Server
	writer    *devices.Writer
	wrongKeys *tally.Tally
	presences *devicePresences
	sweep     *deviceSweep
}

// How many connections of devices a node holds, and how many of them with one key: all kiosks of a
// store may share one.
const (
	maxDevices = 20_000
	maxPerKey  = 256
)

// newGatewayServer opens the port, so that one in use is told at once. Nothing is served before
// Serve.
func newGatewayServer(ctx context.Context, address string) (*gatewayServer, error) {
	g := &gatewayServer{}
	if address == "" {
		return g, nil
	}
	var err error
	g.listener, err = listen(ctx, "--gateway-listen", address, "127.0.0.1:6668")
	return g, err
}

// open makes the server and what belongs to it.
func (g *gatewayServer) open(n *Node, tracker *presence.Tracker) (err error) {
	if g.listener == nil {
		return nil
	}
	g.writer = n.logs
	g.presences = newDevicePresences(n.cfg.NodeName, tracker, n.log)
	g.wrongKeys = tally.New(func(client netip.Prefix, count int) {
		n.log.Warn("wrong keys at the gateway for devices", "address", quota.Name(client), "times", count)
	})
	cfg := gateway.Config{
		Store: deviceStore{n.devices, n.logs}, Log: n.log, WrongKey: g.wrongKeys.Note, Presence: g.presences.changed,
		Addresses: n.limits.devices, MaxConnections: maxDevices, PerKey: maxPerKey,
		DrainShare: n.cfg.DrainShare, DrainLeast: n.cfg.DrainLeast,
	}
	if cfg.TLS, err = n.deviceTLS(); err != nil {
		return err
	}
	if g.server, err = gateway.New(cfg); err != nil {
		return err
	}
	g.sweep = newDeviceSweep(g.server, n.devices, n.log)
	return nil
}

// deviceTLS is what devices connect with, nil for plain TCP.
func (n *Node) deviceTLS() (*tls.Config, error) {
	if n.cfg.GatewayTLSCert == "" {
		if !loopbackAddress(n.cfg.GatewayListen) {
			n.log.Warn("devices send their keys and logs unencrypted: set --gateway-tls-cert and --gateway-tls-key, or let a proxy do TLS",
				"address", n.cfg.GatewayListen)
		}
		return nil, nil
	}
	cert, err := newCertificate(n.cfg.GatewayTLSCert, n.cfg.GatewayTLSKey, n.log)
	if err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: cert.get}, nil
}

// services are what its owner runs, none for a node without a gateway.
func (g *gatewayServer) services() []suture.Service {
	if g.listener == nil {
		return nil
	}
	return []suture.Service{g, g.wrongKeys, g.presences, g.sweep}
}

// address is where devices connect, empty if they can't.
func (g *gatewayServer) address() string {
	if g.listener == nil {
		return ""
	}
	return g.listener.Addr().String()
}

// String names the service in logs.
func (g *gatewayServer) String() string { return "app.gatewayServer" }

// Serve accepts connections until stop is called.
func (g *gatewayServer) Serve(ctx context.Context) error {
	if err := g.server.Serve(g.listener); err != nil {
		return fmt.Errorf("serve devices: %w", err)
	}
	<-ctx.Done() // stop has closed it, and the other services end soon
	return context.Cause(ctx)
}

// stop closes the connections of devices in slices, in an orderly way until ctx ends. Records read
// from them are accepted, and written when the writer stops.
func (g *gatewayServer) stop(ctx context.Context) error {
	if g.listener == nil {
		return nil
	}
	defer g.listener.Close() // of one that never served
	if g.server == nil {
		return nil
	}
	g.writer.Drain()
	return g.server.Drain(ctx)
}

// deviceStore is what the gateway asks of the database.
type deviceStore struct {
	*devices.Store
	writer *devices.Writer
}

// Log accepts log records.
func (s deviceStore) Log(ctx context.Context, id devices.ID, records []devices.Record) error {
	return s.writer.Write(ctx, id, records)
}

// validateGateway tells what is wrong with the settings of the gateway.
func (c Config) validateGateway() error {
	if err := checkAddress("--gateway-listen", c.GatewayListen); err != nil {
		return err
	}
	switch {
	case (c.GatewayTLSCert == "") != (c.GatewayTLSKey == ""):
		return errors.New("--gateway-tls-cert and --gateway-tls-key belong together: set both, or none")
	case c.GatewayTLSCert != "" && c.GatewayListen == "":
		return errors.New("--gateway-tls-cert is for --gateway-listen, which is not set")
	}
	return nil
}

// collectors tell what the gateway and the writer of logs know. There are none at a node without a
// gateway.
func (g *gatewayServer) collectors() []prometheus.Collector {
	if g.listener == nil {
		return nil
	}
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(value())
		})
	}
	counter := func(name, help string, value func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 {
			return float64(value())
		})
	}
	stats, logs := g.server.Stats, g.writer.Stats
	return []prometheus.Collector{
		gauge("sneakers23_device_connections", "Open connections of devices, verified or not.", func() int {
			return stats().Connections
		}),
		gauge("sneakers23_devices", "Devices with a verified connection.", func() int { return stats().Devices }),
		gauge("sneakers23_device_logs_waiting", "Log records that are accepted and not written yet.", func() int {
			return logs().Waiting
		}),
		counter("sneakers23_device_logs_total", "Log records of devices that were written.", func() int64 {
			return logs().Written
		}),
		counter("sneakers23_device_logs_refused_total", "Log records that the database can't take.", func() int64 {
			return logs().Refused
		}),
		counter("sneakers23_device_reports_total", "Lines of devices with variables that were stored.", func() int64 {
			return stats().Reports
		}),
		counter("sneakers23_device_errors_total", "Lines of devices that were answered with ERROR.", func() int64 {
			return stats().Refused
		}),
		counter("sneakers23_device_wrong_keys_total", "Keys that no device has, or that were revoked.", func() int64 {
			return stats().WrongKeys
		}),
		counter("sneakers23_device_too_slow_total", "Connections closed because the device did not read.",
			func() int64 { return stats().TooSlow }),
		counter("sneakers23_device_turned_away_total", "Connections of devices beyond a limit.", func() int64 {
			return stats().TurnedAway
		}),
	}
}
