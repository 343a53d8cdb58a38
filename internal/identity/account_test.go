package identity

import (
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/problem"
)

func TestNewAccount(t *testing.T) {
	long := strings.Repeat("é", maxName)
	for _, row := range []struct {
		name      string
		in        NewAccount
		want      NewAccount
		complains string // how the error begins
	}{
		{"all given", NewAccount{"Halyard Freight", "ada@example.com", "Ada Lovelace"}, NewAccount{"Halyard Freight", "ada@example.com", "Ada Lovelace"}, ""},
		{"no name of the Owner", NewAccount{"Halyard", "ada@example.com", ""}, NewAccount{"Halyard", "ada@example.com", "ada"}, ""},
		{"capitals", NewAccount{"Halyard", "Ada@Example.COM", "ADA"}, NewAccount{"Halyard", "ada@example.com", "ADA"}, ""},
		{"space around", NewAccount{" Halyard\n", "ada@example.com", " Ada "}, NewAccount{"Halyard", "ada@example.com", "Ada"}, ""},
		{"as long as can be", NewAccount{long, "ada@example.com", long}, NewAccount{long, "ada@example.com", long}, ""},
		{"a plus and dots", NewAccount{"Halyard", "a.b+c@mail.example", "A"}, NewAccount{"Halyard", "a.b+c@mail.example", "A"}, ""},
		{"no name", NewAccount{"", "ada@example.com", "Ada"}, NewAccount{}, "The account's name"},
		{"a name of spaces", NewAccount{" \t ", "ada@example.com", "Ada"}, NewAccount{}, "The account's name"},
		{"a name too long", NewAccount{long + "é", "ada@example.com", "Ada"}, NewAccount{}, "The account's name"},
		{"a name of two lines", NewAccount{"one\ntwo", "ada@example.com", "Ada"}, NewAccount{}, "The account's name"},
		{"a name that is no text", NewAccount{"\xff", "ada@example.com", "Ada"}, NewAccount{}, "The account's name"},
		{"the Owner's name too long", NewAccount{"Halyard", "ada@example.com", long + "é"}, NewAccount{}, "The Owner's name"},
		{"an escape in the Owner's name", NewAccount{"Halyard", "ada@example.com", "\x1b[2J"}, NewAccount{}, "The Owner's name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.in.Check()
			if got != row.want || (err == nil) != (row.complains == "") {
				t.Errorf("%+v, %v; want %+v", got, err, row.want)
			}
			if err != nil && (problem.CodeOf(err) != problem.BadUserInput || !strings.HasPrefix(err.Error(), row.complains)) {
				t.Errorf("%v, want %q", err, row.complains)
			}
		})
	}
	for _, email := range []string{
		"", "ada", "@", "ada@", "@example.com", "a b@example.com", `"a b"@example.com`, "Ada <ada@example.com>", "<ada@example.com>",
		"ada@example.com, eve@example.com", "ada@example.com ", " ada@example.com", "ada@example.com\n", "ada@example.com (Ada)",
		"ada@[127.0.0.1]", "ada@@example.com", "ada..b@example.com", "аda@example.com", "ada@éxample.com", "ada\x00@example.com",
		strings.Repeat("a", 64+1) + "@example.com", "a@" + strings.Repeat("b", 60) + strings.Repeat("."+strings.Repeat("b", 60), 4),
	} {
		if got, err := (NewAccount{"Halyard", email, "Ada"}).Check(); problem.CodeOf(err) != problem.BadUserInput || got != (NewAccount{}) {
			t.Errorf("%q: %+v, %v", email, got, err)
		}
	}
}
