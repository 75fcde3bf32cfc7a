package device

import (
	"strings"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := Config{Addresses: []string{"gateway:6667", "[::1]:6667"}, Key: "0123456789AB"}
	c, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.cfg; got.Key != testKey || got.Heartbeat != time.Minute || got.AnswerWithin != 45*time.Second ||
		got.BackoffBase != time.Second || got.BackoffMax != time.Minute ||
		got.SpoolRecords != 10_000 || got.SpoolBytes != 4<<20 || got.OnChange != nil {
		t.Errorf("the defaults are %+v", got)
	}
	for want, spoil := range map[string]func(*Config){
		"Addresses is empty":          func(c *Config) { c.Addresses = nil },
		`"gateway" is not`:            func(c *Config) { c.Addresses = []string{"gateway"} },
		`"gateway:" is not`:           func(c *Config) { c.Addresses = []string{"a:1", "gateway:"} },
		"Key is not 12":               func(c *Config) { c.Key = "0123456789a" },
		"Key is not 12 ":              func(c *Config) { c.Key = "0123456789ag" },
		"Heartbeat is negative":       func(c *Config) { c.Heartbeat = -1 },
		"AnswerWithin is negative":    func(c *Config) { c.AnswerWithin = -1 },
		"BackoffBase is negative":     func(c *Config) { c.BackoffBase = -1 },
		"BackoffMax is negative":      func(c *Config) { c.BackoffMax = -1 },
		"less than BackoffBase":       func(c *Config) { c.BackoffBase, c.BackoffMax = 2, 1 },
		"bound of the spool is":       func(c *Config) { c.SpoolRecords = -1 },
		"a bound of the spool is neg": func(c *Config) { c.SpoolBytes = -1 },
	} {
		cfg := good
		spoil(&cfg)
		_, err := New(cfg)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) ||
			strings.Contains(err.Error(), cfg.Key) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	good.BackoffBase = time.Hour
	if c, err := New(good); err != nil || c.cfg.BackoffMax != time.Hour {
		t.Errorf("a base above the default of the largest pause: %v", err)
	}
}
