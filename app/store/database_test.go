package store

import (
	"strings"
	"testing"

	"sneakers23/migrations"
)

func TestToApply(t *testing.T) {
	t.Parallel()
	applied, pending := migrations.Step{Applied: true}, migrations.Step{}
	for _, tt := range []struct {
		name    string
		steps   []migrations.Step
		private bool
		want    int
		refuses bool
	}{
		{"an empty database", []migrations.Step{pending, pending}, false, 2, false},
		{"one that is up to date", []migrations.Step{applied, applied}, false, 0, false},
		{"one that is behind", []migrations.Step{applied, pending}, false, 0, true},
		{"a private one that is behind", []migrations.Step{applied, pending}, true, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := toApply(tt.steps, tt.private)
			if got != tt.want || (err != nil) != tt.refuses {
				t.Errorf("got %d, %v, want %d, refusal %v", got, err, tt.want, tt.refuses)
			}
			if err != nil && !strings.Contains(err.Error(), "migrate up") {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}
