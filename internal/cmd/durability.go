package cmd

import (
	"context"
	"log/slog"

	"github.com/fieldgate/fieldgate/auth/session"
)

// durable warns of a Redis that may lose what it was told. A gateway that refused to start for it
// could not be tried out, so it says so, in the log and to whoever starts it.
func (g *gateway) durable(ctx context.Context, sessions *session.Store, confirming int, log *slog.Logger) {
	if g.embedded {
		return // which announce tells
	}
	var found session.Durability
	err := patiently(ctx, func(ctx context.Context) (err error) {
		found, err = sessions.Durability(ctx)
		return err
	})
	if err != nil {
		log.InfoContext(ctx, "Redis does not tell how it keeps its data: see that it has appendonly yes and maxmemory-policy noeviction", "error", err)
		return
	}
	if !found.Logged {
		g.warn(ctx, log, "Redis writes no append-only file: after a crash, sessions that have ended can come back (appendonly yes)")
	}
	if found.Evicts {
		g.warn(ctx, log, "Redis may throw sessions away, and with them what it knows of stolen tokens, when its memory is full (maxmemory-policy noeviction)")
	}
	if found.Replicated && confirming == 0 {
		g.warn(ctx, log, "Redis has replicas and none must confirm: when one takes its place, sessions that have just ended can come back (--redis-replicas)")
	}
}

// warn logs a warning and keeps it for announce.
func (g *gateway) warn(ctx context.Context, log *slog.Logger, text string) {
	log.WarnContext(ctx, text)
	g.warnings = append(g.warnings, text)
}
