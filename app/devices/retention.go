package devices

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/sleep"
)

// RetentionConfig says how long log records are kept.
type RetentionConfig struct {
	Pool *pgxpool.Pool
	Days int // full days of UTC: the partition of a day is dropped when the day ended so long ago
	Log  *slog.Logger
	Now  func() time.Time // nil: time.Now
}

// Retention drops log records that are too old. It is a service. Several nodes may run one: one of
// them does the work.
type Retention struct{ cfg RetentionConfig }

// NewRetention makes the service.
func NewRetention(c RetentionConfig) *Retention {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Retention{c}
}

// String names the service in logs.
func (r *Retention) String() string { return "devices.Retention" }

// Serve drops what is too old, every hour until ctx ends. After a failure it tries again within
// minutes.
func (r *Retention) Serve(ctx context.Context) error {
	for {
		pause := time.Hour
		if err := r.Drop(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("old logs of devices not dropped, will try again", "err", err)
			pause = time.Minute
		}
		if err := sleep.For(ctx, pause/2+rand.N(pause)); err != nil { // jitter: nodes must not all come at once
			return err
		}
	}
}

// Drop drops what is too old. A partition is detached before it is dropped, in the way that waits
// for readers and writers without making later ones wait. A detachment that was interrupted is
// finished by the next call.
func (r *Retention) Drop(ctx context.Context) error {
	conn, err := r.cfg.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var alone bool
	const lock = `hashtextextended('sneakers23 retention of device_logs in ' || current_schema(), 0)`
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+lock+`)`).Scan(&alone); err != nil || !alone {
		return err
	}
	err = r.drop(ctx, conn.Conn())
	_, unlocked := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+lock+`)`)
	if unlocked != nil {
		// the lock ends with the connection
		unlocked = errors.Join(unlocked, conn.Conn().Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(err, unlocked)
}

// stages of a partition's end.
const listOld = `
	SELECT c.relname,
		CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'interrupted' ELSE 'attached' END
	FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'device_logs'::regclass
	WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'device_logs'::regclass)
		AND c.relkind = 'r' AND c.relname ~ '^device_logs_[0-9]{8}$' AND c.relname < $1
	ORDER BY c.relname`

func (r *Retention) drop(ctx context.Context, conn *pgx.Conn) error {
	before := dayOf(r.cfg.Now()).AddDate(0, 0, -r.cfg.Days)
	rows, _ := conn.Query(ctx, listOld, partitionPrefix+before.Format("20060102"))
	old, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Stage string }])
	if err != nil {
		return err
	}
	for _, p := range old {
		name := pgx.Identifier{p.Name}.Sanitize()
		switch p.Stage {
		case "attached":
			_, err = conn.Exec(ctx, `ALTER TABLE device_logs DETACH PARTITION `+name+` CONCURRENTLY`)
		case "interrupted":
			_, err = conn.Exec(ctx, `ALTER TABLE device_logs DETACH PARTITION `+name+` FINALIZE`)
		}
		if err == nil {
			_, err = conn.Exec(ctx, `DROP TABLE `+name)
		}
		if err != nil {
			return fmt.Errorf("drop %s: %w", p.Name, err)
		}
		r.cfg.Log.Info("old logs of devices dropped", "partition", p.Name)
	}
	return nil
}
