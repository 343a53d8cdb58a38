package demo

import (
	"math/rand/v2"
	"time"
)

// running is how many of an account's newest calls are not over yet.
const running = 6

// traffic is what calls and messages are made of.
type traffic struct {
	r       *rand.Rand
	account Account
	numbers []phoneNumber
	// when is the moment of one of them.
	when func(*rand.Rand) time.Time
	// running is how many of the first are not over yet: they began just before today.
	running int
	today   time.Time
}

// past is traffic of the last sixty days.
func past(a Account, purpose string, numbers []phoneNumber, today time.Time) traffic {
	return traffic{
		r: stream(a.Name + purpose), account: a, numbers: numbers, today: today, running: running,
		when: func(r *rand.Rand) time.Time { return workday(r, today) },
	}
}

// calls makes calls between the account's numbers and contacts.
func calls(of traffic, count int) rows {
	r, a, numbers, today := of.r, of.account, of.numbers, of.today
	people := contacts(r, 300)
	t := rows{table: "calls", columns: []string{
		"sid", "account_sid", "parent_call_sid", "to_party", "from_party", "phone_number_sid", "status", "direction",
		"start_time", "end_time", "duration", "queue_time", "answered_by", "forwarded_from", "caller_name",
		"price_micros", "price_unit", "date_created", "date_updated",
	}}
	parent := any(nil) // of a call that was dialled on
	for i := range count {
		n := numbers[r.IntN(len(numbers))]
		to, from := n.number, pick(r, people...)
		direction := pick(r, "INBOUND", "INBOUND", "INBOUND", "OUTBOUND_API", "OUTBOUND_API", "OUTBOUND_DIAL",
			"TRUNKING_ORIGINATING", "TRUNKING_TERMINATING")
		if direction != "INBOUND" && direction != "TRUNKING_ORIGINATING" {
			to, from = from, to
		}
		start := of.when(r)
		status := pick(r, "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED",
			"BUSY", "NO_ANSWER", "NO_ANSWER", "FAILED", "CANCELED")
		if i < of.running {
			start = today.Add(-time.Duration(1+r.IntN(90)) * time.Second)
			status = pick(r, "QUEUED", "RINGING", "IN_PROGRESS", "IN_PROGRESS")
		}
		id := sid(r, "CA")
		var leg any
		if direction == "OUTBOUND_DIAL" {
			leg = parent
		}
		end, duration, price, unit := outcome(r, status, start)
		updated := start
		if e, over := end.(time.Time); over {
			updated, end = e, at(e)
		}
		t.add(id, a.SID, leg, to, from, n.sid, status, direction,
			at(start), end, duration, 50*r.IntN(40), maybe(r, 10, pick(r, "human", "machine_start")),
			maybe(r, 5, pick(r, people...)), maybe(r, 8, pick(r, "M. Delgado", "Harbor Foods", "K. Nyström", "Atlas Tyres")),
			price, unit, at(start.Add(-2*time.Second)), at(updated))
		if direction == "INBOUND" {
			parent = id
		}
	}
	return t
}

// outcome is how a call ended: nothing is known of one that has not, and the price of
// one that was just over is not known yet.
func outcome(r *rand.Rand, status string, start time.Time) (end, duration, price, unit any) {
	switch status {
	case "QUEUED", "RINGING", "IN_PROGRESS":
		return nil, nil, nil, nil
	case "COMPLETED":
		seconds := 5 + r.IntN(600)
		end, duration = start.Add(time.Duration(seconds)*time.Second), seconds
		if r.IntN(50) == 0 {
			return end, duration, nil, nil
		}
		minutes := int64(seconds+59) / 60
		return end, duration, -minutes * pick[int64](r, 8_500, 14_000), currency
	}
	return start.Add(time.Duration(r.IntN(30)) * time.Second), 0, nil, nil
}

// workday is a moment of the last sixty days, most often between seven and nineteen, to
// the millisecond.
func workday(r *rand.Rand, today time.Time) time.Time {
	hour := 7 + r.IntN(12)
	if r.IntN(10) == 0 {
		hour = r.IntN(24)
	}
	inHour := time.Duration(r.IntN(3_500_000)) * time.Millisecond
	return today.AddDate(0, 0, -1-r.IntN(60)).Add(time.Duration(hour)*time.Hour + inHour).Add(-20 * time.Minute)
}
