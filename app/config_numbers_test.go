package app_test

import (
	"strings"
	"testing"

	"sneakers23/app"
)

func TestNoLimitsIsForThisMachine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		listen, cluster, commands string
		want                      string
	}{
		{listen: "127.0.0.1:4000"},
		{listen: "localhost:0", cluster: "127.0.0.1:6222", commands: "[::1]:6322"},
		{listen: ":4000", want: "--listen :4000"},
		{listen: "10.0.0.1:4000", want: "--listen 10.0.0.1:4000"},
		{listen: "127.0.0.1:4000", cluster: "10.0.0.1:6222", want: "--cluster-listen 10.0.0.1:6222"},
		{listen: "127.0.0.1:4000", commands: "0.0.0.0:6322", want: "--commands-listen 0.0.0.0:6322"},
	} {
		cfg := app.DefaultConfig()
		cfg.Listen, cfg.ClusterListen, cfg.CommandsListen = tt.listen, tt.cluster, tt.commands
		cfg.Secrets, cfg.AdminPassword = []string{"the secret that signs cookies and tokens"}, adminPassword
		cfg.ClusterSecret = "the secret of this cluster"
		if err := cfg.Validate(); err != nil {
			t.Errorf("%+v with limits: %v", tt, err)
		}
		cfg.NoLimits = true
		err := cfg.Validate()
		if tt.want == "" && err != nil ||
			tt.want != "" && (err == nil || !strings.Contains(err.Error(), "--no-limits") ||
				!strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestNumbersThatDependOnEachOther(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*app.Config){
		"--level-high must be no less than --level-medium": func(c *app.Config) {
			c.Levels.High = c.Levels.Medium - 1
		},
		"--presence-down must be more than ten times --presence-every": func(c *app.Config) {
			c.PresenceDown = 10 * c.PresenceEvery
		},
		"--presence-permdown must be more than --presence-down": func(c *app.Config) {
			c.PresencePermdown = c.PresenceDown
		},
	} {
		cfg := app.DefaultConfig()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
