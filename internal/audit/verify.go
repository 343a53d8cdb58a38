package audit

import "fmt"

// Verifier reads an account's trail from its beginning and finds what is not as it was written.
type Verifier struct {
	keys    *Keyring
	account string
	last    Record // the one before

	Records int64    // how many were read
	Faults  []string // what is wrong, each in words
}

// Verifier begins to read the trail of an account.
func (k *Keyring) Verifier(account string) *Verifier { return &Verifier{keys: k, account: account} }

// Last is the sequence of the last record that was read, 0 before the first.
func (v *Verifier) Last() int64 { return v.last.Sequence }

// Next reads the next record. They come in the order of their sequences.
func (v *Verifier) Next(r Record) {
	v.Records++
	switch {
	case r.Sequence <= v.last.Sequence:
		v.fault("event %d is none that the gateway writes", r.Sequence)
		return
	case r.Sequence > v.last.Sequence+1:
		v.missing(r.Sequence - 1) // and so nobody knows what this one followed on
	case !v.keys.Knows(r.Key):
		v.fault("event %d has a MAC under a key that is not known", r.Sequence)
	case !v.keys.chained(v.last.MAC, &r):
		v.fault("event %d is not as it was written, or does not follow on the one before", r.Sequence)
	}
	v.last = r
}

// End compares the trail with its head, nil for none, after the last record. It returns all faults.
func (v *Verifier) End(head *Head) []string {
	switch {
	case head == nil && v.Records > 0:
		v.fault("the head is missing")
	case head == nil:
	case !v.keys.Knows(head.Key):
		v.fault("the head has a MAC under a key that is not known")
	case head.Account != v.account || !v.keys.Sealed(*head):
		v.fault("the head is not as it was written")
	case head.Sequence > v.last.Sequence:
		v.missing(head.Sequence)
	case head.Sequence < v.last.Sequence:
		v.fault("event %d and what follows do not belong to the trail, which ends before by its head", head.Sequence+1)
	case head.MAC != v.last.MAC:
		v.fault("event %d is not the one that the trail ends with by its head", head.Sequence)
	}
	return v.Faults
}

// missing notes that all after the last record are missing, up to this one.
func (v *Verifier) missing(to int64) {
	if from := v.last.Sequence + 1; from < to {
		v.fault("event %d is missing, and all up to %d", from, to)
	} else {
		v.fault("event %d is missing", to)
	}
}

func (v *Verifier) fault(format string, args ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}
