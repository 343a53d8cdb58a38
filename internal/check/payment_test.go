package check_test

import (
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestPayment: a card's number passes nowhere, and no error repeats what was given.
func TestPayment(t *testing.T) {
	for _, row := range []struct {
		name  string
		is    check.Func
		value string
		ok    bool
	}{
		{"a token", check.Token, "pm_1NqXyZ2eZvKYlo2C", true},
		{"a token of hexadecimal digits", check.Token, "0b1c2d3e-4f50-4617-8829-3a4b5c6d7e8f", true},
		{"a token of 11 digits", check.Token, strings.Repeat("4", 11), true},
		{"a card's number of 12 digits", check.Token, strings.Repeat("4", 12), false},
		{"a card's number of 16 digits", check.Token, "4242424242424242", false},
		{"a card's number of 19 digits", check.Token, strings.Repeat("4", 19), false},
		{"a card's number in groups", check.Token, "4242-4242-4242-4242", false},
		{"a card's number in groups, with spaces", check.Token, "4242 4242 4242 4242", false},
		{"a token of 20 digits", check.Token, strings.Repeat("4", 20), true},
		{"a token of 255", check.Token, strings.Repeat("t", 255), true},
		{"a token of 256", check.Token, strings.Repeat("t", 256), false},
		{"an empty token", check.Token, "", false},
		{"a token with a space", check.Token, "pm 1", false},
		{"a token with a newline", check.Token, "pm_1\n", false},
		{"a token that is not ASCII", check.Token, "pm_é", false},
		{"a name", check.NoCard(check.Name), "Ada Lovelace 2nd", true},
		{"a name with 11 digits", check.NoCard(check.Name), "Unit 12345678901", true},
		{"a name with a card's number", check.NoCard(check.Name), "Ada 4242 4242 4242 4242", false},
		{"an empty name", check.NoCard(check.Name), "", false},
		{"four digits", check.Last4, "0042", true},
		{"three digits", check.Last4, "042", false},
		{"five digits", check.Last4, "00042", false},
		{"four letters", check.Last4, "abcd", false},
		{"four digits of another script", check.Last4, "٠٠٤٢", false},
		{"four digits and a newline", check.Last4, "0042\n", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.is(row.value, "input", "text")
			if row.ok != (err == nil) || !row.ok && problem.CodeOf(err) != problem.BadUserInput {
				t.Fatalf("error %v", err)
			}
			if !row.ok && row.value != "" && strings.Contains(err.Error(), row.value) {
				t.Errorf("the error repeats it: %v", err)
			}
		})
	}
}
