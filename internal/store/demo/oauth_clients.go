package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// oauthClientRows are clients whose secrets nobody has.
func oauthClientRows(a Account, today time.Time) rows {
	r := stream(a.Name + "/OAuth clients")
	t := rows{table: "oauth_clients", columns: []string{
		"sid", "account_sid", "created_by_sid", "name", "grants", "secret_hash", "expires_at", "last_used", "date_created", "date_updated",
	}}
	add := func(by User, name, grants string, daysAgo int, lastUsed any) {
		// The hash of no secret that anyone has: 128 random bits and no more use for them.
		nothing := sha256.Sum256([]byte(sid(r, "")))
		made := today.AddDate(0, 0, -daysAgo)
		t.add(sid(r, "OC"), a.SID, by.SID, name, grants, hex.EncodeToString(nothing[:]), at(made.AddDate(2, 0, 0)), lastUsed, at(made), at(made))
	}
	owner := a.With(policy.Owner)
	add(owner, "Nightly log export", "PRODUCT_LOGS:READ USAGE:READ", 200, at(today.Add(-21*time.Hour)))
	if developer := a.With(policy.Developer); developer.SID != "" {
		owner = developer
	}
	add(owner, "Number provisioning", "MANAGE_PHONE_NUMBERS:READ,CREATE,UPDATE", 40, nil)
	return t
}
