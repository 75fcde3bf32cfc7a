package app_test

import (
	"strings"
	"testing"

	"sneakers23/app"
)

func TestNumbersThatDependOnEachOther(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*app.Config){
		"--level-high must be no less than --level-medium":             func(c *app.Config) { c.Levels.High = c.Levels.Medium - 1 },
		"--presence-down must be more than ten times --presence-every": func(c *app.Config) { c.PresenceDown = 10 * c.PresenceEvery },
		"--presence-permdown must be more than --presence-down":        func(c *app.Config) { c.PresencePermdown = c.PresenceDown },
	} {
		cfg := app.DefaultConfig()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
