package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// messages makes messages between the account's numbers and contacts.
func messages(of traffic, count int) rows {
	r, a, numbers, today := of.r, of.account, of.numbers, of.today
	people := contacts(r, 300)
	service := sid(r, "MG")
	t := rows{table: "messages", columns: []string{
		"sid", "account_sid", "messaging_service_sid", "body", "to_party", "from_party", "status", "direction",
		"num_segments", "num_media", "error_code", "error_message", "price_micros", "price_unit",
		"date_created", "date_sent", "date_updated",
	}}
	for i := range count {
		n := numbers[r.IntN(len(numbers))]
		contact := pick(r, people...)
		made := of.when(r)
		direction := pick(r, "INBOUND", "OUTBOUND_API", "OUTBOUND_API", "OUTBOUND_API", "OUTBOUND_REPLY", "OUTBOUND_CALL")
		segments, media, prefix := 1+r.IntN(2), 0, "SM"
		if r.IntN(12) == 0 {
			media, prefix = 1+r.IntN(3), "MM"
		}
		to, from, status := contact, any(n.number), pick(r, sentStates()...)
		if i < of.running { // the newest are still on their way
			made = today.Add(-time.Duration(1+r.IntN(90)) * time.Second)
			direction, status = "OUTBOUND_API", pick(r, "ACCEPTED", "QUEUED", "SENDING", "SCHEDULED")
		}
		if direction == "INBOUND" {
			to, from, status = n.number, contact, pick(r, "RECEIVED", "RECEIVED", "RECEIVED", "RECEIVED", "RECEIVING")
		}
		code, reason := failure(r, status)
		sent, price, unit := any(nil), any(nil), any(nil)
		switch status {
		case "ACCEPTED":
			from = nil // no sender has been chosen
		case "DELIVERED", "READ", "RECEIVED", "SENT", "UNDELIVERED", "PARTIALLY_DELIVERED":
			sent = at(made.Add(time.Second))
			if r.IntN(50) > 0 {
				price, unit = -int64(segments)*7_900-int64(media)*12_100, currency
			}
		}
		t.add(sid(r, prefix), a.SID, maybe(r, 40, service), body(r, direction), to, from, status, direction,
			segments, media, code, reason, price, unit, at(made), sent, at(made.Add(time.Duration(1+r.IntN(20))*time.Second)))
	}
	return t
}

// sentStates are the states of outgoing messages, as often as they come.
func sentStates() []string {
	return []string{
		"DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "SENT",
		"READ", "UNDELIVERED", "FAILED", "CANCELED", "PARTIALLY_DELIVERED",
	}
}

// failure is the code and the words for a message that failed.
func failure(r *rand.Rand, status string) (code, reason any) {
	if status != "FAILED" && status != "UNDELIVERED" {
		return nil, nil
	}
	f := pick(r,
		fault{30003, "Unreachable destination handset"}, fault{30005, "Unknown destination handset"},
		fault{30006, "Landline or unreachable carrier"}, fault{30007, "Message filtered"}, fault{30008, "Unknown error"})
	return f.code, f.words
}

// fault is an error code of the platform and what it says.
type fault struct {
	code  int
	words string
}

func body(r *rand.Rand, direction string) string {
	order := 100_000 + r.IntN(900_000)
	if direction == "INBOUND" {
		return pick(r, "Yes, that works for me.", "Please leave it with the neighbour.", "Can you come after five?",
			fmt.Sprintf("Where is order %d?", order), "STOP", "Thank you!")
	}
	return fmt.Sprintf(pick(r,
		"Your parcel %d is on its way and arrives today.",
		"Order %d has been delivered. Thank you for choosing us.",
		"We could not deliver %d. Reply with a time that suits you.",
		"Driver update: stop %d has been moved to the afternoon tour."), order)
}
