// Package jws checks signed tokens: JSON Web Signatures in compact serialization (RFC 7515), by the rules of RFC 8725.
//
// It is the one place that says what a token must look like before anything in it is believed: its size, its three
// parts, base64url in its one spelling, a header that holds nothing but what is listed, an algorithm that belongs to the
// key and not to the token, and a key that is strong enough for it. The same goes for sets of keys (RFC 7517). What the
// payload says is for the caller to judge.
//
// golang-jwt checks the signature itself. Reading is done here, because that library takes duplicate JSON members, line
// breaks inside base64 and any header member, and PSS signatures of any salt.
package jws

// Error is why a token or a key was refused, in words of ours: it never holds a byte of the token.
type Error string

func (e Error) Error() string { return string(e) }
