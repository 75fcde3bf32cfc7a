package app

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sneakers23/checkout"
	"sneakers23/replication"
)

// validateNumbers tells which numbers are out of their range, and what the range is. The upper
// bounds are far above what makes sense: they keep slips of the finger from opening.
func (c Config) validateNumbers() error {
	const pairs = 1_000_000_000 // that an item may have
	errs := []error{
		inRange("--level-medium", c.Levels.Medium, 1, pairs),
		inRange("--level-high", c.Levels.High, 1, pairs),
		inRange("--heal-every", c.HealEvery, replication.MinHealEvery, time.Hour),
		inRange("--drain-delay", c.DrainDelay, 0, time.Hour),
		inRange("--drain-share", c.DrainShare, 0.0001, 1),
		inRange("--drain-least", c.DrainLeast, 1, 1_000_000),
		inRange("--stop-within", c.StopWithin, time.Second, time.Hour),
		inRange("--presence-every", c.PresenceEvery, 100*time.Millisecond, time.Minute),
		inRange("--presence-down", c.PresenceDown, time.Second, time.Hour),
		inRange("--presence-permdown", c.PresencePermdown, time.Second, 7*24*time.Hour),
		inRange("--socket-timeout", c.SocketTimeout, time.Second, 24*time.Hour),
		inRange("--max-frame", c.MaxFrame, 1<<10, 16<<20),
		inRange("--max-queue", c.MaxQueue, 1<<10, 256<<20),
		inRange("--feed-ping", c.FeedPing, time.Second, time.Hour),
		inRange("--image-memory", c.ImageMemory, 8, 16<<10),
		inRange("--cart-lines", c.CartLines, 1, checkout.MostLines),
		inRange("--cart-rate", c.CartRate, 1, 10_000),
		inRange("--device-log-days", c.DeviceLogDays, 1, 3650),
		inRange("--address-share", c.AddressShare, 0.0001, 1),
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	switch {
	case c.Levels.Validate() != nil:
		return errors.New("--level-high must be no less than --level-medium")
	case c.PresenceDown <= 10*c.PresenceEvery:
		return errors.New("--presence-down must be more than ten times --presence-every: nodes with nothing to tell speak so seldom")
	case c.PresencePermdown <= c.PresenceDown:
		return errors.New("--presence-permdown must be more than --presence-down")
	}
	return nil
}

// inRange tells what the range of a setting is, if the value is not in it. NaN is in none.
func inRange[T int | float64 | time.Duration](flag string, value, least, most T) error {
	if value >= least && value <= most {
		return nil
	}
	return fmt.Errorf("%s must be from %s to %s", flag, inWords(least), inWords(most))
}

// inWords writes a number as people do: 1h and not 1h0m0s.
func inWords(v any) string {
	s := fmt.Sprint(v)
	if d, ok := v.(time.Duration); ok && d >= time.Minute && d%time.Minute == 0 {
		s = strings.TrimSuffix(s, "0s")
		if d >= time.Hour && d%time.Hour == 0 {
			s = strings.TrimSuffix(s, "0m")
		}
	}
	return s
}

// validateNoLimits refuses to lift limits where others can reach them.
func (c Config) validateNoLimits() error {
	if !c.NoLimits {
		return nil
	}
	for _, listener := range []struct{ flag, address string }{
		{"--listen", c.Listen}, {"--cluster-listen", c.ClusterListen}, {"--commands-listen", c.CommandsListen},
		{"--gateway-listen", c.GatewayListen},
	} {
		if listener.address != "" && !loopbackAddress(listener.address) {
			return fmt.Errorf("--no-limits is for rehearsals on one machine, and %s %s is open to others: leave one of the two out",
				listener.flag, listener.address)
		}
	}
	return nil
}
