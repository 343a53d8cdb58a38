package demo

import (
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/audit"
)

// auditRecords are what people of the account and one of its clients did within the last months, oldest first.
func auditRecords(a Account, count int, keys, clients rows, today time.Time) []audit.Record {
	r := stream(a.Name + "/audit")
	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	support, manager, client := a.With(policy.Support), a.With(policy.Owner), clients.values[0][0].(string)
	records := make([]audit.Record, count)
	moment := today.AddDate(0, -3, 0)
	for i := range records {
		moment = moment.Add(today.Sub(moment) / time.Duration(count-i+1)).Truncate(time.Second)
		e := audit.Event{Account: a.SID, Time: moment, Decision: audit.Allowed, Outcome: audit.Done, Count: 1}
		e.Session, e.RequestID, e.Agent = sid(r, ""), sid(r, ""), browser
		switch i % 4 {
		case 0:
			e.User, e.Coordinate = support.SID, "Call.price"
			e.Permission, e.Action = "BILLING_HISTORY_AND_SETTINGS", policy.Read
			e.Decision, e.Outcome, e.Code, e.Count = audit.Denied, audit.Refused, "FORBIDDEN", 1+r.IntN(50)
		case 1:
			e.User, e.Coordinate = manager.SID, "Mutation.updateApiKey"
			e.Permission, e.Action = "API_CREDENTIALS", policy.Update
			e.Change = audit.Change{Type: "ApiKey", SID: keys.values[r.IntN(len(keys.values))][0].(string), Fields: []string{"friendlyName"}}
		case 2:
			e.User, e.Client, e.Agent, e.Coordinate = manager.SID, client, "", "Mutation.createApiKey"
			e.Permission, e.Action = "API_CREDENTIALS", policy.Create
			e.Decision, e.Outcome, e.Code = audit.Denied, audit.Refused, "FORBIDDEN"
		default:
			e.User, e.Coordinate = pick(r, a.Users...).SID, "Mutation.signIn"
		}
		records[i] = audit.RecordOf(sid(r, "AE"), e)
	}
	return records
}
