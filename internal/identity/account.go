package identity

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const maxName = 64 // characters

// NewAccount is an account that is to be made, with its Owner.
type NewAccount struct {
	Name       string
	OwnerEmail string
	OwnerName  string
}

// Check returns the account as it is kept: without space around its names, the Owner's
// e-mail address in small letters, and their name, if it is empty, from before the @. A
// name or an address that cannot be used is BAD_USER_INPUT.
func (n NewAccount) Check() (NewAccount, error) {
	var err error
	if n.OwnerEmail, err = checkEmail(n.OwnerEmail); err != nil {
		return NewAccount{}, err
	}
	if n.OwnerName == "" {
		n.OwnerName, _, _ = strings.Cut(n.OwnerEmail, "@")
	}
	if n.Name, err = checkName(n.Name, "The account's name"); err != nil {
		return NewAccount{}, err
	}
	if n.OwnerName, err = checkName(n.OwnerName, "The Owner's name"); err != nil {
		return NewAccount{}, err
	}
	return n, nil
}

// checkName returns a name without the space around it: 1 to 64 characters, none of them
// a control character.
func checkName(name, whose string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, unicode.IsControl) {
		return "", problem.Input(fmt.Sprintf("%s has 1 to %d characters, none of them a control character.", whose, maxName))
	}
	return name, nil
}

// checkEmail returns an e-mail address in small letters, as addresses are kept and looked for.
func checkEmail(email string) (string, error) {
	if check.Email(email) != nil {
		return "", problem.Input("This is no e-mail address such as name@example.com.")
	}
	return strings.ToLower(email), nil
}
