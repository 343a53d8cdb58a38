package audit

import "fmt"

// Fault is something that is wrong with an account's trail.
type Fault struct {
	Sequence int64 // of the record, 0 for the head
	What     string
}

// Verifier reads an account's trail from its beginning and finds what is not as it was written.
type Verifier struct {
	keys    *Keyring
	account string
	Faults  []Fault
	Records int64
	last    Record // the one before
}

// Verifier begins to read the trail of an account.
func (k *Keyring) Verifier(account string) *Verifier { return &Verifier{keys: k, account: account} }

// Last is the sequence of the last record that was read, 0 before the first.
func (v *Verifier) Last() int64 { return v.last.Sequence }

// Next reads the next record. They come in the order of their sequences.
func (v *Verifier) Next(r Record) {
	v.Records++
	missing := r.Sequence - v.last.Sequence - 1
	switch {
	case missing == 1:
		v.fault(r.Sequence-1, "is missing")
	case missing > 1:
		v.fault(v.last.Sequence+1, fmt.Sprintf("is missing, and all up to %d", r.Sequence-1))
	case missing < 0:
		v.fault(r.Sequence, "is none that the gateway writes")
	case v.keys.keys[r.Key] == nil:
		v.fault(r.Sequence, "has a MAC under a key that is not known")
	case !v.keys.chained(v.last.MAC, &r):
		v.fault(r.Sequence, "is not as it was written, or does not follow on the one before")
	}
	v.last = r
}

// End compares the trail with its head, nil for none, after the last record. It returns all faults.
func (v *Verifier) End(head *Head) []Fault {
	switch {
	case head == nil && v.Records > 0:
		v.fault(0, "the head is missing")
	case head == nil:
	case v.keys.keys[head.Key] == nil:
		v.fault(0, "the head has a MAC under a key that is not known")
	case head.Account != v.account || !v.keys.sealed(*head):
		v.fault(0, "the head is not as it was written")
	case head.Sequence > v.last.Sequence+1:
		v.fault(v.last.Sequence+1, fmt.Sprintf("is missing, and all up to %d", head.Sequence))
	case head.Sequence == v.last.Sequence+1:
		v.fault(head.Sequence, "is missing")
	case head.Sequence < v.last.Sequence:
		v.fault(head.Sequence+1, "and what follows does not belong to the trail, which ends before by its head")
	case head.MAC != v.last.MAC:
		v.fault(head.Sequence, "is not the record that the head ends with")
	}
	return v.Faults
}

func (v *Verifier) fault(sequence int64, what string) {
	v.Faults = append(v.Faults, Fault{sequence, what})
}

// String says it in a line.
func (f Fault) String() string {
	if f.Sequence == 0 {
		return f.What
	}
	return fmt.Sprintf("event %d %s", f.Sequence, f.What)
}
