package policy

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxMatrixBytes bounds a matrix file. The published one has 2 KiB.
	maxMatrixBytes = 256 << 10
	// maxMatrixRows is how many rows a Set has room for.
	maxMatrixRows = 64

	columnPermission = 0
	columnTitle      = 1
	columnImplies    = 2
	columnRoles      = 3
	columnSource     = 8
)

// MatrixError says what is wrong with a matrix file, and where. Lines and columns count from 1, columns in bytes; a
// leading byte order mark counts for nothing.
type MatrixError struct {
	Line, Column int
	Message      string
}

// Error reads "matrix line 3, column 42: ...".
func (e *MatrixError) Error() string {
	return fmt.Sprintf("matrix line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// ParseMatrix reads a matrix from CSV (RFC 4180; UTF-8, with or without a byte order mark and carriage returns, since
// spreadsheets write both). It is strict, because a cell that is misread is a permission given or lost: the header is
// exact, a cell is "x" or empty, permissions are unique, and what they imply exists and does not lead back. At most
// 64 rows and 256 KiB. What is wrong with the file is a *MatrixError; a failing reader's own error is wrapped.
func ParseMatrix(r io.Reader) (*Matrix, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMatrixBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read matrix: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if len(text) > maxMatrixBytes {
		return nil, &MatrixError{1, 1, fmt.Sprintf("the file is larger than %d bytes", maxMatrixBytes)}
	}
	if err := validText(text); err != nil {
		return nil, err
	}
	p := &matrixParser{
		csv:     csv.NewReader(bytes.NewReader(text)),
		index:   map[Permission]int{},
		implies: map[Permission]position{},
		name:    regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`),
	}
	p.csv.FieldsPerRecord = -1
	return p.parse()
}

// validText refuses what is not UTF-8, at the first byte that is not.
func validText(text []byte) error {
	for i, line := range bytes.Split(text, []byte("\n")) {
		for column := 0; column < len(line); {
			r, size := utf8.DecodeRune(line[column:])
			if r == utf8.RuneError && size == 1 {
				return &MatrixError{i + 1, column + 1, "not UTF-8"}
			}
			column += size
		}
	}
	return nil
}

// position is a place in the file.
type position struct{ line, column int }

// matrixParser reads one file.
type matrixParser struct {
	csv   *csv.Reader
	rows  []Row
	index map[Permission]int
	// implies remembers where each row says what it implies, for errors found once all rows are known.
	implies map[Permission]position
	name    *regexp.Regexp
}

func (p *matrixParser) parse() (*Matrix, error) {
	if err := p.header(); err != nil {
		return nil, err
	}
	for {
		record, err := p.record()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := p.row(record); err != nil {
			return nil, err
		}
	}
	if err := p.implications(); err != nil {
		return nil, err
	}
	return newMatrix(p.rows, p.index), nil
}

// header checks the first line, which must name every column, in order.
func (p *matrixParser) header() error {
	want := []string{"permission", "title", "implies"}
	for _, role := range Roles() {
		want = append(want, strings.ToLower(string(role)))
	}
	want = append(want, "source")
	record, err := p.record()
	if errors.Is(err, io.EOF) {
		return &MatrixError{1, 1, "the file is empty; its header must be " + strings.Join(want, ",")}
	}
	if err != nil {
		return err
	}
	for i, name := range record {
		if name != want[i] {
			return p.fault(i, "the header of this column must be %q, not %q", want[i], name)
		}
	}
	return nil
}

// record reads one line of nine cells. At the end of the file the error is io.EOF.
func (p *matrixParser) record() ([]string, error) {
	record, err := p.csv.Read()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return nil, &MatrixError{parse.Line, max(parse.Column, 1), parse.Err.Error()}
	}
	if err != nil {
		return nil, err
	}
	if len(record) != columnSource+1 {
		return nil, p.fault(0, "%d cells where %d belong", len(record), columnSource+1)
	}
	return record, nil
}

// row checks and keeps one permission.
func (p *matrixParser) row(record []string) error {
	row := Row{
		Permission: Permission(record[columnPermission]),
		Title:      record[columnTitle],
		Source:     record[columnSource],
	}
	if !p.name.MatchString(record[columnPermission]) {
		return p.fault(columnPermission, "%q is not a permission's name (capitals, digits and _)", row.Permission)
	}
	if _, repeated := p.index[row.Permission]; repeated {
		return p.fault(columnPermission, "%s is repeated", row.Permission)
	}
	if len(p.rows) == maxMatrixRows {
		return p.fault(columnPermission, "more than %d rows", maxMatrixRows)
	}
	if strings.TrimSpace(row.Title) == "" {
		return p.fault(columnTitle, "%s has no title", row.Permission)
	}
	for i, role := range Roles() {
		switch cell := record[columnRoles+i]; cell {
		case "x":
			row.Roles = append(row.Roles, role)
		case "":
		default:
			return p.fault(columnRoles+i, "a cell is x or empty, not %q", cell)
		}
	}
	if cell := record[columnImplies]; cell != "" {
		for name := range strings.SplitSeq(cell, ";") {
			if slices.Contains(row.Implies, Permission(name)) {
				return p.fault(columnImplies, "%s is repeated", name)
			}
			row.Implies = append(row.Implies, Permission(name))
		}
	}
	line, column := p.csv.FieldPos(columnImplies)
	p.implies[row.Permission] = position{line, column}
	p.index[row.Permission] = len(p.rows)
	p.rows = append(p.rows, row)
	return nil
}

// implications checks that what rows imply exists and never leads back to the row itself.
func (p *matrixParser) implications() error {
	for _, row := range p.rows {
		for _, name := range row.Implies {
			if _, known := p.index[name]; !known {
				at := p.implies[row.Permission]
				return &MatrixError{at.line, at.column, fmt.Sprintf("%s implies %q, which is no row", row.Permission, name)}
			}
		}
	}
	m := newMatrix(p.rows, p.index)
	for i, row := range p.rows {
		if slices.Contains(m.implied[i], i) {
			at := p.implies[row.Permission]
			return &MatrixError{at.line, at.column, fmt.Sprintf("%s implies itself", row.Permission)}
		}
	}
	return nil
}

// fault is an error at a cell of the line last read.
func (p *matrixParser) fault(cell int, format string, args ...any) error {
	line, column := p.csv.FieldPos(cell)
	return &MatrixError{line, column, fmt.Sprintf(format, args...)}
}
