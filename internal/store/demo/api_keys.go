package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

func apiKeyRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/API keys")
	t := rows{table: "api_keys", columns: []string{
		"sid", "account_sid", "friendly_name", "secret_hash", "date_created", "date_updated",
	}}
	for i := range count {
		service := pick(r, "Dispatch", "Route planner", "Driver app", "Tracking page", "Warehouse scanner", "Data export", "Monitoring")
		name := fmt.Sprintf("%s %s %d", service, pick(r, "production", "staging", "development"), i+1)
		// The hash of no secret that anyone has: 128 random bits and no more use for them.
		nothing := sha256.Sum256([]byte(sid(r, "")))
		made := today.Add(-time.Duration(1+r.IntN(2*365*24*60)) * time.Minute)
		changed := made
		if r.IntN(3) == 0 {
			changed = made.Add(time.Duration(r.Int64N(int64(today.Sub(made))))).Truncate(time.Second)
		}
		t.add(sid(r, "SK"), a.SID, name, hex.EncodeToString(nothing[:]), at(made), at(changed))
	}
	return t
}
