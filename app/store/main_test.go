package store

import (
	"testing"

	"sneakers23/app/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
