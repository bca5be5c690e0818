package onlineretail

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/schemas"
)

func readAll(t testing.TB, path string) ([]Row, int64, error) {
	t.Helper()
	rows, total, err := Open(path)
	if err != nil {
		return nil, 0, err
	}
	var got []Row
	for r, err := range rows {
		if err != nil {
			return got, total, err
		}
		got = append(got, r)
	}
	return got, total, nil
}

func archive(t *testing.T, files ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return written(t, "days.tar.gz", b.String())
}

// spreadsheet is a workbook as UCI publishes it: numbers are numbers, also codes and invoices where they can be, and dates are serial.
func spreadsheet(t testing.TB, rows []Row) string {
	t.Helper()
	book := excelize.NewFile()
	w, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	set := func(line int, values ...any) {
		cell, _ := excelize.CoordinatesToCellName(1, line)
		if err := w.SetRow(cell, values); err != nil {
			t.Fatal(err)
		}
	}
	set(1, "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
	for i, r := range rows {
		price := number(t, r.UnitPrice.String())
		if math.Mod(price, 2) < 1 && price > 1 { // spreadsheets hold the neighbour of a number too
			price = math.Nextafter(price, 0)
		}
		days := r.InvoiceDate.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
		set(i+2, numeric(t, r.InvoiceNo), numeric(t, r.StockCode), r.Description, r.Quantity, days, price, numeric(t, r.CustomerID), r.Country)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "Online Retail.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	sized, err := excelize.OpenFile(path) // the stream writer leaves out how large the sheet is
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sized.SetSheetDimension("Sheet1", "A1:H"+strconv.Itoa(len(rows)+1)), sized.Save(), sized.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func numeric(t testing.TB, s string) any {
	switch {
	case s == "":
		return nil
	case strings.Trim(s, "0123456789") == "" && s[0] != '0':
		return number(t, s)
	}
	return s
}

// The three forms of the file give the same rows.
func TestThreeFormsOneContent(t *testing.T) {
	w := load541909(t)
	day := slices.DeleteFunc(slices.Clone(w.rows), func(r Row) bool {
		return r.InvoiceDate.Format(time.DateOnly) != "2010-12-20" && r.InvoiceNo != "550193"
	})
	want := make([]Row, len(day))
	var text strings.Builder
	text.WriteString("\ufeff" + strings.ToLower(header))
	for i, r := range day {
		cells := []string{r.InvoiceNo, r.StockCode, `"` + strings.ReplaceAll(r.Description, `"`, `""`) + `"`, schemas.NewDecimal(r.Quantity, 0).String(),
			r.InvoiceDate.Format("1/2/2006 15:04"), r.UnitPrice.String(), r.CustomerID, r.Country}
		text.WriteString(strings.Join(cells, ",") + "\r\n")
		want[i] = place(r)
	}
	latin1 := strings.NewReplacer("£", "\xa3", "\ufeff", "\ufeff").Replace(text.String())
	if !strings.Contains(latin1, "\xa3") {
		t.Fatal("no pound sign: it tests nothing")
	}
	for name, path := range map[string]string{"csv": written(t, "utf8.csv", text.String()), "latin-1": written(t, "latin1.csv", latin1), "xlsx": spreadsheet(t, day)} {
		got, total, err := readAll(t, path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got) != len(want) || total != int64(len(want)) {
			t.Errorf("%s: %d rows, %d announced; want %d", name, len(got), total, len(want))
			continue
		}
		for i := range got {
			if place(got[i]) != want[i] {
				t.Errorf("%s row %d: %+v; want %+v", name, i, got[i], want[i])
				break
			}
		}
	}
}

// place forgets where a row stood.
func place(r Row) Row {
	r.File, r.Line = "", 0
	return r
}

func TestDaysComeInOrder(t *testing.T) {
	day := func(no, date string) string { return header + no + ",22423,,1," + date + " 10:00:00,1,,EIRE\n" }
	got, total, err := readAll(t, archive(t, [2]string{"data/2011-01-05.csv", day("3", "2011-01-05")}, [2]string{"data/._2011-01-05.csv", "\x00\x05"},
		[2]string{"data/2010-12-01.csv", day("1", "2010-12-01")}, [2]string{"data/README", "x"}, [2]string{"data/2011-01-04.csv", strings.TrimSuffix(day("2", "2011-01-04"), "\n")}))
	if err != nil || len(got) != 3 || total != 3 || got[0].InvoiceNo != "1" || got[1].InvoiceNo != "2" || got[2].InvoiceNo != "3" {
		t.Errorf("%+v, %d, %v", got, total, err)
	}
}

func TestPricesAreWhatWasTyped(t *testing.T) {
	for in, want := range map[string]string{
		"2.5499999999999998": "2.55", "2.55": "2.55", "2.5": "2.50", "3": "3.00", "1E-3": "0.001", "1.0000000000000001E-3": "0.001", "0.0": "0.00",
		"38970": "38970.00", "13541.33": "13541.33", "-11062.06": "-11062.06", "1.25E+1": "12.50", "0.85000000000000009": "0.85", "0.1234": "0.1234",
	} {
		if got, err := parsePrice(in); err != nil || got.String() != want {
			t.Errorf("%s is read as %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "1,25", "£2.55", "0.12345", "1E", "1E99", "1E-99", "NaN", "1e9999999999", "10000000000", "."} {
		if got, err := parsePrice(in); err == nil {
			t.Errorf("%q is read as %s", in, got)
		}
	}
}

func TestDates(t *testing.T) {
	for in, want := range map[string]string{"40513.351388888892": "2010-12-01 08:26:00", "40513.351388888885": "2010-12-01 08:26:00", "40886": "2011-12-09 00:00:00", "2010-12-01 08:26:00": "2010-12-01 08:26:00"} {
		if got, err := serialDate(in); err != nil || got.Format(time.DateTime) != want {
			t.Errorf("%s is %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "1e9", "99999999", "soon"} {
		if got, err := serialDate(in); err == nil {
			t.Errorf("%q is %s", in, got)
		}
	}
	for _, in := range []string{"13/12/2010 8:26", "2010-12-01", ""} {
		if got, err := textDate(in); err == nil {
			t.Errorf("%q is %s", in, got)
		}
	}
}

// A bad file: the error names it, the line where there is one, and says what to do.
func TestBadFiles(t *testing.T) {
	row := func(cells string) string { return small + cells + "\n" }
	whole := archive(t, [2]string{"1.csv", small})
	for name, test := range map[string]struct{ path, want, todo string }{
		"absent":        {filepath.Join(t.TempDir(), "none.xlsx"), "none.xlsx", "archive.ics.uci.edu"},
		"a folder":      {t.TempDir(), "is a directory", "archive.ics.uci.edu"},
		"empty":         {written(t, "empty.csv", ""), "empty.csv", "archive.ics.uci.edu"},
		"a PDF":         {written(t, "retail.pdf", "%PDF-1.4\n\x00\x01"), "neither .xlsx nor .csv nor .tar.gz", "archive.ics.uci.edu"},
		"some zip":      {written(t, "a.xlsx", "PK\x03\x04 and nothing more"), "a.xlsx", "archive.ics.uci.edu"},
		"not a tar":     {gzipped(t, small), "unpacking", "archive.ics.uci.edu"},
		"cut off":       {written(t, "cut.tar.gz", contents(t, whole)[:200]), "unpacking", "fetch it again"},
		"no days":       {archive(t, [2]string{"README", "x"}), "no .csv file", "archive.ics.uci.edu"},
		"no column":     {written(t, "c.csv", strings.Replace(small, "UnitPrice", "Price", 1)), "c.csv:1: no column UnitPrice", "the first line must name"},
		"no header":     {written(t, "h.csv", strings.TrimPrefix(small, header)), "h.csv:1: no column InvoiceNo", "the first line must name"},
		"quantity":      {written(t, "q.csv", row("1,A,,six,2011-01-05 10:00:00,1,,EIRE")), `q.csv:6: Quantity "six"`, "write -12"},
		"price":         {written(t, "p.csv", row(`1,A,,6,2011-01-05 10:00:00,"1,5",,EIRE`)), `p.csv:6: UnitPrice "1,5"`, "write 2.55"},
		"date":          {written(t, "d.csv", row("1,A,,6,5.1.2011 10:00,1,,EIRE")), `d.csv:6: InvoiceDate "5.1.2011 10:00"`, "write 2010-12-01 08:26:00"},
		"no invoice":    {written(t, "i.csv", row(",A,,6,2011-01-05 10:00:00,1,,EIRE")), "i.csv:6: InvoiceNo", "every row needs"},
		"no stock code": {written(t, "s.csv", row("1,,,6,2011-01-05 10:00:00,1,,EIRE")), "s.csv:6: StockCode", "every row needs"},
		"short row":     {written(t, "r.csv", row("1,A,,6")), "line 6", "correct the line"},
		"in an archive": {archive(t, [2]string{"2.csv", row("1,A,,six,2011-01-05 10:00:00,1,,EIRE")}, [2]string{"1.csv", small}), `2.csv:6: Quantity "six"`, "write -12"},
	} {
		_, _, err := readAll(t, test.path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.todo) {
			t.Errorf("%s: %v; want %q and %q", name, err, test.want, test.todo)
		}
	}
}

func TestBadSpreadsheets(t *testing.T) {
	for name, test := range map[string]struct {
		row        []any
		want, todo string
	}{
		"quantity": {[]any{536365, "A", "x", 1.5, 40513.35, 2.55, 17850, "EIRE"}, `b.xlsx:2: Quantity "1.5"`, "write -12"},
		"price":    {[]any{536365, "A", "x", 1, 40513.35, "free", 17850, "EIRE"}, `b.xlsx:2: UnitPrice "free"`, "write 2.55"},
		"date":     {[]any{536365, "A", "x", 1, "later", 2.55, 17850, "EIRE"}, `b.xlsx:2: InvoiceDate "later"`, "write 2010-12-01"},
	} {
		book := excelize.NewFile()
		for i, cells := range [][]any{{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}, test.row} {
			cell, _ := excelize.CoordinatesToCellName(1, i+1)
			if err := book.SetSheetRow("Sheet1", cell, &cells); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "b.xlsx")
		if err := book.SaveAs(path); err != nil {
			t.Fatal(err)
		}
		if _, _, err := readAll(t, path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.todo) {
			t.Errorf("%s: %v; want %q and %q", name, err, test.want, test.todo)
		}
	}
	path := filepath.Join(t.TempDir(), "empty.xlsx")
	if err := excelize.NewFile().SaveAs(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readAll(t, path); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty sheet: %v", err)
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return written(t, "text.gz", b.String())
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
