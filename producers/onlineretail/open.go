package onlineretail

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
)

// maxUnpacked bounds what an archive may unpack to; the real one has 46 MB.
const maxUnpacked = 1 << 30

const howToGet = "give Online Retail as UCI publishes it (.xlsx, https://archive.ics.uci.edu/dataset/352/online+retail), as one .csv, or as a .tar.gz of daily .csv files"

// Open reads an Online Retail file: .xlsx, .csv, or a .tar.gz of daily .csv files, told apart by their first bytes. The rows come in file
// order, days in the order of their file names; an error ends them, and names file and line. total is about how many there are.
func Open(file string) (rows iter.Seq2[Row, error], total int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, fmt.Errorf("opening Online Retail: %w: %s", err, howToGet)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, 0, fmt.Errorf("reading %s: %w: %s", file, err, howToGet)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openXLSX(file)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return openArchive(file)
	case bytes.IndexByte(head, 0) < 0 && bytes.IndexByte(head, ',') >= 0:
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, fmt.Errorf("reading %s: %w", file, err)
		}
		return csvRows([]textFile{{path.Base(file), text}}), lines(text), nil
	}
	return nil, 0, fmt.Errorf("%s is neither .xlsx nor .csv nor .tar.gz: %s", file, howToGet)
}

type textFile struct {
	name string
	text []byte
}

// openArchive unpacks the daily files and puts them in order: the order in an archive is nobody's promise.
func openArchive(file string) (iter.Seq2[Row, error], int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, fmt.Errorf("opening Online Retail: %w", err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, 0, fmt.Errorf("unpacking %s: %w: %s", file, err, howToGet)
	}
	days, err := unpack(tar.NewReader(io.LimitReader(unzipped, maxUnpacked)))
	if err != nil {
		return nil, 0, fmt.Errorf("unpacking %s: %w: fetch it again, then compare its sha256 with the one beside it; %s", file, err, howToGet)
	}
	if len(days) == 0 {
		return nil, 0, fmt.Errorf("unpacking %s: no .csv file in it: %s", file, howToGet)
	}
	slices.SortFunc(days, func(a, b textFile) int { return strings.Compare(a.name, b.name) })
	var total int64
	for _, day := range days {
		total += lines(day.text)
	}
	return csvRows(days), total, nil
}

func unpack(archive *tar.Reader) ([]textFile, error) {
	var days []textFile
	for {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return days, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Base(entry.Name)
		// "._name" is what a Mac packs beside a file.
		if entry.Typeflag != tar.TypeReg || !strings.HasSuffix(name, ".csv") || strings.HasPrefix(name, "._") {
			continue
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		days = append(days, textFile{name, text})
	}
}

// lines counts the rows of a .csv, about: a description may hold a line break.
func lines(text []byte) int64 {
	n := int64(bytes.Count(text, []byte("\n"))) - 1
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return max(0, n)
}

func csvRows(files []textFile) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		texts := make(map[string]string, 1<<15)
		for _, f := range files {
			if !csvFile(f, texts, yield) {
				return
			}
		}
	}
}

// csvFile yields the rows of one file and says whether to go on.
func csvFile(f textFile, texts map[string]string, yield func(Row, error) bool) bool {
	r := csv.NewReader(bytes.NewReader(f.text))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		yield(Row{}, fmt.Errorf("%s:1: reading the header: %w: %s", f.name, err, howToGet))
		return false
	}
	p, err := newParser(f.name, header, texts, textDate)
	if err != nil {
		yield(Row{}, err)
		return false
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("%s: %w: correct the line, or fetch the file again", f.name, err)) // a ParseError names the line
			return false
		}
		line, _ := r.FieldPos(0)
		row, err := p.row(cells, line)
		if !yield(row, err) || err != nil {
			return false
		}
	}
}
