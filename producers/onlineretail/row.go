package onlineretail

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/throughline/throughline/schemas"
)

// Row is one line of the file as it stands there.
type Row struct {
	InvoiceNo   string
	StockCode   string
	Description string
	Quantity    int64
	InvoiceDate time.Time // wall clock; the file names no zone, so UTC here means nothing
	UnitPrice   schemas.Decimal
	CustomerID  string // "" where the row names nobody
	Country     string
	File        string // where it was read, for messages
	Line        int
}

// columns are UCI's, in UCI's order.
var columns = [...]string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

const (
	colInvoice = iota
	colStock
	colDescription
	colQuantity
	colDate
	colPrice
	colCustomer
	colCountry
)

// parser turns the cells of one file into rows. It keeps one copy of every text, because a few thousand make up the whole file.
type parser struct {
	file  string
	index [len(columns)]int
	texts map[string]string
	date  func(string) (time.Time, error)

	lastDate string // rows of one invoice share it
	lastTime time.Time
}

// newParser reads the header; texts may be shared between the files of one archive.
func newParser(file string, header []string, texts map[string]string, date func(string) (time.Time, error)) (*parser, error) {
	p := &parser{file: file, texts: texts, date: date}
	for i, name := range columns {
		p.index[i] = -1
		for at, cell := range header {
			if strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(cell, "\ufeff")), " ", ""), name) {
				p.index[i] = at
			}
		}
		if p.index[i] < 0 {
			return nil, fmt.Errorf("%s:1: no column %s: the first line must name %s, as UCI publishes the file",
				file, name, strings.Join(columns[:], ", "))
		}
	}
	return p, nil
}

// row reads one line; what it returns does not alias cells.
func (p *parser) row(cells []string, line int) (Row, error) {
	r := Row{File: p.file, Line: line}
	cell := func(column int) string {
		if at := p.index[column]; at < len(cells) {
			return cells[at]
		}
		return "" // a spreadsheet leaves out empty cells at the end of a row
	}
	var err error
	fail := func(column int, err error) (Row, error) {
		return r, fmt.Errorf("%s:%d: %s %q: %w", p.file, line, columns[column], cell(column), err)
	}
	r.InvoiceNo, r.StockCode = p.text(strings.TrimSpace(cell(colInvoice))), p.text(strings.TrimSpace(cell(colStock)))
	if r.InvoiceNo == "" {
		return fail(colInvoice, errors.New("empty: every row needs the number of its invoice"))
	}
	if r.StockCode == "" {
		return fail(colStock, errors.New("empty: every row needs a stock code"))
	}
	r.Description, r.Country = p.text(cell(colDescription)), p.text(strings.TrimSpace(cell(colCountry)))
	r.CustomerID = p.text(strings.TrimSuffix(strings.TrimSpace(cell(colCustomer)), ".0"))
	if r.Quantity, err = parseQuantity(cell(colQuantity)); err != nil {
		return fail(colQuantity, err)
	}
	if r.UnitPrice, err = parsePrice(cell(colPrice)); err != nil {
		return fail(colPrice, err)
	}
	if r.InvoiceDate, err = p.instant(cell(colDate)); err != nil {
		return fail(colDate, err)
	}
	return r, nil
}

// text gives the one kept copy of s, in UTF-8: the file that UCI's .csv copies circulate in is Latin-1.
func (p *parser) text(s string) string {
	if kept, ok := p.texts[s]; ok {
		return kept
	}
	kept := strings.Clone(s)
	if !utf8.ValidString(s) {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		kept = string(runes)
	}
	p.texts[strings.Clone(s)] = kept
	return kept
}

func (p *parser) instant(s string) (time.Time, error) {
	if s == p.lastDate && s != "" {
		return p.lastTime, nil
	}
	t, err := p.date(s)
	if err == nil {
		p.lastDate, p.lastTime = strings.Clone(s), t
	}
	return t, err
}

var (
	errQuantity = errors.New("not a whole number: write -12, without grouping")
	errPrice    = errors.New("not a price: write 2.55, at most nine digits before the point, without currency or grouping")
	errDate     = errors.New("not a date and time: write 2010-12-01 08:26:00, or 12/1/2010 8:26 (month first)")
)

func parseQuantity(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(s), ".0"), 10, 64)
	if err != nil || n > 1e9 || n < -1e9 {
		return 0, errQuantity
	}
	return n, nil
}

const priceScale = 4

// parsePrice reads a price exactly. A spreadsheet stores 2.55 as 2.5499999999999998 and 0.001 as 1E-3: 17 digits, rounded to four
// decimals, are what was typed. What has more than four decimals otherwise is rounded nowhere, but refused.
func parsePrice(s string) (schemas.Decimal, error) {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToUpper(strings.TrimSpace(s)), "E")
	d, err := schemas.ParseDecimal(mantissa)
	if err != nil {
		return d, errPrice
	}
	if hasExponent {
		shift, err := strconv.Atoi(exponent)
		if err != nil || shift < -30 || shift > 9 {
			return d, errPrice
		}
		power := schemas.NewDecimal(1, uint8(max(0, -shift)))
		for range max(0, shift) {
			power = power.Mul(schemas.NewDecimal(10, 0))
		}
		d = d.Mul(power)
	}
	if d.Scale() > priceScale {
		rounded := d.Round(priceScale, schemas.HalfUp)
		if noise := rounded.Sub(d).Abs(); noise.Cmp(schemas.NewDecimal(1, 9)) > 0 {
			return d, errors.New("a price has at most four decimals")
		}
		d = rounded
	}
	if !d.Valid() || d.Abs().Cmp(schemas.NewDecimal(1_000_000_000, 0)) >= 0 {
		return d, errPrice
	}
	return trimmed(d), nil
}

// trimmed drops trailing zeros beyond the penny, so that 2.55 is one value whatever file it was read from.
func trimmed(d schemas.Decimal) schemas.Decimal {
	for scale := uint8(2); scale < d.Scale(); scale++ {
		if short, exact := d.Rescale(scale); exact {
			return short
		}
	}
	if d.Scale() < 2 {
		d, _ = d.Rescale(2)
	}
	return d
}

// textDate reads the two forms in which .csv copies write a date.
func textDate(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range [...]string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "1/2/2006 15:04", "1/2/2006 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errDate
}

// serialDate reads a spreadsheet's date: days since 1899-12-30 as a decimal fraction, to the second.
func serialDate(s string) (time.Time, error) {
	d, err := schemas.ParseDecimal(strings.TrimSpace(s))
	if err != nil {
		return textDate(s)
	}
	seconds := d.MulRound(schemas.NewDecimal(86400, 0), 0, schemas.HalfUp)
	hi, lo := seconds.Int128()
	if !seconds.Valid() || hi != 0 || lo > 2958466*86400 {
		return time.Time{}, errDate
	}
	return time.Date(1899, 12, 30, 0, 0, int(lo), 0, time.UTC), nil
}
