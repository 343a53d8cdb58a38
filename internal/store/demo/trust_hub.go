package demo

import "time"

// trustHubRows makes one object of each status, twice. Both of the tables have the same columns.
func trustHubRows(a Account, table string, today time.Time) rows {
	r := stream(a.Name + "/" + table)
	t := rows{table: table, columns: []string{
		"sid", "account_sid", "friendly_name", "email", "policy_sid", "status", "failure_reason", "valid_until", "status_callback",
		"date_created", "date_updated",
	}}
	policies := []string{sid(r, "RN"), sid(r, "RN")}
	for i, status := range []string{
		"DRAFT", "PENDING_REVIEW", "IN_REVIEW", "TWILIO_REJECTED", "TWILIO_APPROVED",
		"TWILIO_APPROVED", "TWILIO_REJECTED", "IN_REVIEW", "PENDING_REVIEW", "DRAFT",
	} {
		made := today.Add(-time.Duration(1+r.IntN(300*24*60)) * time.Minute)
		var reason, until any
		switch status {
		case "TWILIO_REJECTED":
			reason = pick(r, "The business's registration number is not in its register.", "The address does not match the business.")
		case "TWILIO_APPROVED":
			until = at(made.AddDate(1, 0, 0))
		}
		t.add(sid(r, "BU"), a.SID, a.Name+" "+pick(r, "Freight", "Parcels", "Warehouses", "Night Desk"), "compliance@"+a.domain,
			policies[i%2], status, reason, until, maybe(r, 50, "https://hook:"+sid(r, "")[:12]+"@"+a.domain+"/trust/status"), at(made), at(made))
	}
	return t
}
