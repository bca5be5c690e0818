package onlineretail

import (
	"fmt"
	"iter"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// openXLSX reads the first sheet, as raw values: a formatted cell shows a date or price as its locale likes it.
func openXLSX(file string) (iter.Seq2[Row, error], int64, error) {
	book, err := excelize.OpenFile(file, excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, 0, fmt.Errorf("opening %s as a spreadsheet: %w: %s", file, err, howToGet)
	}
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		return nil, 0, fmt.Errorf("opening %s: no sheet in it: %s", file, howToGet)
	}
	return func(yield func(Row, error) bool) {
		defer book.Close()
		name := filepath.Base(file)
		rows, err := book.Rows(sheets[0])
		if err != nil {
			yield(Row{}, fmt.Errorf("reading sheet %s of %s: %w: %s", sheets[0], name, err, howToGet))
			return
		}
		defer rows.Close()
		if err := sheetRows(name, rows, yield); err != nil {
			yield(Row{}, err)
		}
	}, sheetLength(book, sheets[0]), nil
}

// sheetRows yields every row; an error is one that has not been yielded.
func sheetRows(name string, rows *excelize.Rows, yield func(Row, error) bool) error {
	var p *parser
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			return fmt.Errorf("%s:%d: reading the row: %w", name, line, err)
		}
		if p == nil {
			if p, err = newParser(name, cells, make(map[string]string, 1<<15), serialDate); err != nil {
				return err
			}
			continue
		}
		if len(cells) == 0 {
			continue // an empty row at the end of a sheet
		}
		row, err := p.row(cells, line)
		if err != nil {
			return err
		}
		if !yield(row, nil) {
			return nil
		}
	}
	if err := rows.Error(); err != nil {
		return fmt.Errorf("reading %s: %w: fetch the file again", name, err)
	}
	if p == nil {
		return fmt.Errorf("%s:1: the first sheet is empty: %s", name, howToGet)
	}
	return nil
}

// sheetLength is what the sheet says of itself, "A1:H541910"; 0 where it says nothing.
func sheetLength(book *excelize.File, sheet string) int64 {
	area, err := book.GetSheetDimension(sheet)
	if err != nil {
		return 0
	}
	_, last, _ := strings.Cut(area, ":")
	n, err := strconv.ParseInt(strings.TrimLeft(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 10, 64)
	if err != nil {
		return 0
	}
	return n - 1
}
