package e2e

import (
	"testing"
	"time"

	"sneakers23/app/waittest"
)

const patience = 60 * time.Second

func until(t testing.TB, what string, condition func() bool) { waittest.Until(t, what, condition) }
