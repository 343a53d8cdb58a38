package cmd

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fieldgate/fieldgate/internal/events"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// demoFlags say what goes on in the demo.
type demoFlags struct {
	DemoEvents time.Duration `help:"How often something is logged in the demo while someone follows its logs; 0 for never." default:"5s" env:"FIELDGATE_DEMO_EVENTS"`
}

// check says what is wrong with them.
func (d demoFlags) check() error {
	if d.DemoEvents < 0 {
		return errors.New("--demo-events takes a duration, such as 5s, or 0")
	}
	return nil
}

// liven has new calls, messages and alerts come into the demo's accounts while someone
// follows their logs here: there would be nothing to see otherwise. It does nothing with
// data that are no demo.
func (g *gateway) liven(d demoFlags, db *store.Store, bus *events.Bus, log *slog.Logger) {
	if !g.demo || d.DemoEvents == 0 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(d.DemoEvents)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			for _, account := range []demo.Account{demo.Main(), demo.Second()} {
				if !bus.Followed(account.SID) {
					continue
				}
				e, err := demo.Log(ctx, db, account, time.Now())
				if err == nil {
					err = bus.PublishLog(ctx, account.SID, e)
				}
				if err != nil && ctx.Err() == nil {
					log.Warn("nothing could be logged in the demo", "error", err)
				}
			}
		}
	}()
	g.closers = append(g.closers, func() error {
		stop()
		<-done
		return nil
	})
}
