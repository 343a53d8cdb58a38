package demo

import (
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
)

func senderIDRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/sender IDs")
	t := rows{table: "sender_id_registrations", columns: []string{
		"sid", "account_sid", "sender_id", "iso_country", "status", "use_case", "company_name", "contact_email", "contact_name",
		"rejection_reason", "date_created", "date_updated",
	}}
	owner := a.Users[0]
	for i := range count {
		made := today.Add(-time.Duration(1+r.IntN(365*24*60)) * time.Minute)
		changed := made
		status := model.AllSenderIDStatus[i%len(model.AllSenderIDStatus)]
		if status != model.SenderIDStatusSubmitted {
			changed = made.Add(time.Duration(r.Int64N(int64(today.Sub(made))))).Truncate(time.Second)
		}
		var reason any
		if status == model.SenderIDStatusRejected {
			reason = pick(r, "The sender ID is too general.", "The sender ID is another company's trademark.")
		}
		// Each pair of a name and a country comes once.
		name := []string{"Dispatch", "Delivery", "Returns", "NightDesk"}[i/6%4]
		country := []string{"GB", "FR", "DE", "IE", "SE", "AU"}[i%6]
		t.add(sid(r, "AI"), a.SID, name, country, string(status), string(pick(r, model.AllSenderIDUseCase...)), a.Name,
			fmt.Sprintf("%s@%s", pick(r, "legal", "messaging", "compliance"), a.domain), owner.Name, reason, at(made), at(changed))
	}
	return t
}
