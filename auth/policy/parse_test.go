package policy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseMatrixRefuses(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"nothing", "", "matrix line 1, column 1: the file is empty; its header must be " +
			strings.TrimSpace(matrixHeader)},
		{"a short header", "permission,title\n", "matrix line 1, column 1: 2 cells where 9 belong"},
		{"a wrong header", strings.Replace(matrixHeader, "developer", "dev", 1),
			`matrix line 1, column 46: the header of this column must be "developer", not "dev"`},
		{"a header with a quote astray", "permission,t\"itle\n", `matrix line 1, column 13: bare " in non-quoted-field`},
		{"a short row", matrixHeader + "A,a,,x\n", "matrix line 2, column 1: 4 cells where 9 belong"},
		{"an open quote", matrixHeader + "A,\"a", `matrix line 2, column 5: extraneous or missing " in quoted-field`},
		{"a name in lower case", matrixHeader + "a,a,,,,,,,\n",
			`matrix line 2, column 1: "a" is not a permission's name (capitals, digits and _)`},
		{"no name", matrixHeader + ",a,,,,,,,\n",
			`matrix line 2, column 1: "" is not a permission's name (capitals, digits and _)`},
		{"a name with an end of line", matrixHeader + "\"A\n\",a,,,,,,,\n",
			`matrix line 2, column 1: "A\n" is not a permission's name (capitals, digits and _)`},
		{"a repeated row", matrixHeader + "A,a,,,,,,,\nB,b,,,,,,,\nA,c,,,,,,,\n", "matrix line 4, column 1: A is repeated"},
		{"no title", matrixHeader + "A,\" \",,,,,,,\n", "matrix line 2, column 3: A has no title"},
		{"a capital X", matrixHeader + "A,a,,x,X,,,,\n", `matrix line 2, column 8: a cell is x or empty, not "X"`},
		{"a space", matrixHeader + "A,a,,,,,, ,\n", `matrix line 2, column 10: a cell is x or empty, not " "`},
		{"an unknown implication", matrixHeader + "A,a,B,,,,,,\n", `matrix line 2, column 5: A implies "B", which is no row`},
		{"an empty implication", matrixHeader + "A,a,B;,,,,,,\nB,b,,,,,,,\n",
			`matrix line 2, column 5: A implies "", which is no row`},
		{"a repeated implication", matrixHeader + "A,a,B;B,,,,,,\nB,b,,,,,,,\n", "matrix line 2, column 5: B is repeated"},
		{"a row that implies itself", matrixHeader + "A,a,A,,,,,,\n", "matrix line 2, column 5: A implies itself"},
		{"rows that imply each other", matrixHeader + "C,c,A,,,,,,\nA,a,B,,,,,,\nB,b,A,,,,,,\n",
			"matrix line 3, column 5: A implies itself"},
		{"bytes that are not UTF-8", matrixHeader + "A,ä\xff,,,,,,,\n", "matrix line 2, column 5: not UTF-8"},
		{"too many rows", manyRows(65), "matrix line 66, column 1: more than 64 rows"},
		{"too many bytes", matrixHeader + strings.Repeat("\n", 256<<10),
			"matrix line 1, column 1: the file is larger than 262144 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := ParseMatrix(strings.NewReader(test.text))
			if m != nil || err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if fault := (*MatrixError)(nil); !errors.As(err, &fault) {
				t.Errorf("%T is no *MatrixError", err)
			}
		})
	}
}

// manyRows makes a matrix of n rows.
func manyRows(n int) string {
	text := matrixHeader
	for i := range n {
		text += fmt.Sprintf("P%d,p,,x,,,,,\n", i)
	}
	return text
}

func TestParseMatrixTakesSixtyFourRows(t *testing.T) {
	m := parse(t, manyRows(64))
	s, err := m.Set(Owner)
	if err != nil || !m.Grants("P63", Delete, s) {
		t.Errorf("the last row is not held: %v", err)
	}
}

func TestParseMatrixReportsItsReader(t *testing.T) {
	broken := errors.New("broken")
	if _, err := ParseMatrix(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}

// write turns a matrix back into CSV.
func write(t *testing.T, m *Matrix) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(matrixHeader)
	w := csv.NewWriter(&text)
	for _, row := range m.Rows() {
		var implies []string
		for _, p := range row.Implies {
			implies = append(implies, string(p))
		}
		record := []string{string(row.Permission), row.Title, strings.Join(implies, ";")}
		for _, role := range Roles() {
			cell := ""
			for _, holder := range row.Roles {
				if holder == role {
					cell = "x"
				}
			}
			record = append(record, cell)
		}
		if err := w.Write(append(record, row.Source)); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return text.String()
}

func TestPublishedFileIsCanonical(t *testing.T) {
	if got := write(t, Published()); got != publishedCSV {
		t.Errorf("matrix.csv reads, written anew:\n%s", got)
	}
}

// FuzzParseMatrix holds that whatever is read either fails at a place, or reads the same once written anew, and that
// nobody then holds less than what their rows imply.
func FuzzParseMatrix(f *testing.F) {
	f.Add(publishedCSV)
	f.Add("\uFEFF" + strings.ReplaceAll(publishedCSV, "\n", "\r\n"))
	f.Add(matrixHeader)
	f.Add(matrixHeader + "A,\"a, \"\"b\"\"\nc\",B,x,,,,,\nB,b,C,,x,,,,\nC,c,,,,x,,,\n")
	f.Add(matrixHeader + "A,a,A,,,,,,\n")
	f.Add(matrixHeader + "A,\"a\r\n\",,,,,,,\xff\n")
	f.Add("permission,title\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMatrix(strings.NewReader(text))
		if err != nil {
			fault := (*MatrixError)(nil)
			if m != nil || !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("no place in error %v", err)
			}
			return
		}
		again := parse(t, write(t, m))
		if again.Version() != m.Version() {
			t.Fatalf("version %s became %s", m.Version(), again.Version())
		}
		s, err := m.Set(Developer)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range m.Rows() {
			for _, implied := range row.Implies {
				if m.Grants(row.Permission, Read, s) && !m.Grants(implied, Read, s) {
					t.Fatalf("%s is held without %s", row.Permission, implied)
				}
			}
		}
	})
}
