package demo

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// seed is the one seed of the demo data.
const seed = 0x4649454c44474154

// stream is the generator for one purpose. It gives the same numbers in every run, and
// more of one thing does not change another.
func stream(purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// sid is an SID: the prefix of its type and 32 hexadecimal digits.
func sid(r *rand.Rand, prefix string) string {
	return fmt.Sprintf("%s%016x%016x", prefix, r.Uint64(), r.Uint64())
}

// pick is one of several.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// maybe is a value or, in so many cases of a hundred, nil.
func maybe(r *rand.Rand, percent int, value string) any {
	if r.IntN(100) < percent {
		return value
	}
	return nil
}
