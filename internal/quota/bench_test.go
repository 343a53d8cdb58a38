package quota

import (
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/bench"
)

// BenchmarkCharge is what a request pays for being counted: admitted, charged from what is held of the budget, and told of it.
func BenchmarkCharge(b *testing.B) {
	shared, _ := open(b)
	for name, p := range map[string]Payer{"session": {"session", 1e9}, "guest": {"", 1e9}} {
		b.Run(name, func(b *testing.B) {
			budget, running := NewBudget(shared, time.Now), NewRunning(512, 50)
			ctx, _ := from("192.0.2.1")
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				leave, err := running.Enter(ctx, p.User)
				if err == nil {
					err = budget.Charge(ctx, p, 1)
				}
				if err != nil {
					b.Fatal(err)
				}
				leave()
			}
			stop()
		})
	}
}
