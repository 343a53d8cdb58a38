package policy

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

//go:embed matrix.csv
var publishedCSV string

// Matrix says which role holds which permission. It is immutable, and safe for concurrent use.
type Matrix struct {
	rows []Row
	// index finds a permission's row; a Set keeps its bits by the same number.
	index map[Permission]int
	// implied lists, for each row, the rows that it implies, however indirectly.
	implied [][]int
	version string
}

// Row is one permission of the matrix.
type Row struct {
	Permission Permission
	// Title is the permission's name for people, as Twilio's console prints it.
	Title string
	// Implies lists the permissions that come with this one, as written: not their own implications.
	Implies []Permission
	// Roles lists who holds the row, in the order of Roles.
	Roles []Role
	// Source says where the row comes from.
	Source string
}

// Published returns the matrix that ships with the program. Each call parses it anew, so callers keep it.
func Published() *Matrix {
	return must(ParseMatrix(strings.NewReader(publishedCSV)))
}

// must returns m. The embedded matrix is part of the program, so a fault in it is a fault of the build.
func must(m *Matrix, err error) *Matrix {
	if err != nil {
		panic(err)
	}
	return m
}

// newMatrix derives what a Matrix keeps beside its rows, which are already checked.
func newMatrix(rows []Row, index map[Permission]int) *Matrix {
	m := &Matrix{rows: rows, index: index, implied: make([][]int, len(rows))}
	for i := range rows {
		m.implied[i] = m.reach(i, nil)
	}
	m.version = m.digest()
	return m
}

// reach appends to seen the rows that row implies, each once.
func (m *Matrix) reach(row int, seen []int) []int {
	for _, p := range m.rows[row].Implies {
		if next := m.index[p]; !slices.Contains(seen, next) {
			seen = m.reach(next, append(seen, next))
		}
	}
	return seen
}

// digest hashes what decides. Order, titles and sources decide nothing.
func (m *Matrix) digest() string {
	lines := make([]string, len(m.rows))
	for i, row := range m.rows {
		implies := slices.Sorted(slices.Values(row.Implies))
		lines[i] = fmt.Sprintf("%s implies %v held by %v\n", row.Permission, implies, row.Roles)
	}
	slices.Sort(lines)
	return shortHash(strings.Join(lines, ""))
}

// shortHash is the first 16 hex digits of the text's SHA-256.
func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Rows returns a copy of the rows, in the order of the file.
func (m *Matrix) Rows() []Row {
	rows := slices.Clone(m.rows)
	for i := range rows {
		rows[i].Implies = slices.Clone(rows[i].Implies)
		rows[i].Roles = slices.Clone(rows[i].Roles)
	}
	return rows
}

// Version is 16 hex digits of a SHA-256 over what decides: the permissions, what they imply, and who holds them. It is
// the same for two files that differ only in titles, sources or the order of rows.
func (m *Matrix) Version() string {
	return m.version
}

// implies tells whether whoever holds p also holds q.
func (m *Matrix) implies(p, q Permission) bool {
	if p == q {
		return true
	}
	from, known := m.index[p]
	to, alsoKnown := m.index[q]
	return known && alsoKnown && slices.Contains(m.implied[from], to)
}
