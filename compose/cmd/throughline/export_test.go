package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/embedded"
)

// The books of a company in every format, from both sources.
func TestExportVerb(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "8", "--orders", "20", "--wait").exits(0)
	stop().exits(0)
	dir := t.TempDir()
	entity := []string{"export", "--entity", "ACME-US", "--all"}
	for _, format := range []string{"csv", "parquet", "hledger", "beancount"} {
		for _, from := range []string{"clickhouse", "kafka"} {
			file := filepath.Join(dir, from+"."+format)
			var told exported
			s.run(append(entity, "--format", format, "--from", from, "--out", file, "-o", "json")...).exits(0).json(&told)
			if info, err := os.Stat(file); err != nil || info.Size() < 1000 || told.Lines < 100 || told.File != file {
				t.Errorf("%s: %+v, %v", file, told, err)
			}
		}
	}
	rows, err := csv.NewReader(strings.NewReader(s.run(entity...).exits(0).out)).ReadAll()
	if err != nil || len(rows) < 100 || rows[0][0] != "entry_id" {
		t.Errorf("%d rows on stdout, %v", len(rows), err)
	}
	legs := filepath.Join(dir, "legs.csv")
	s.run(append(entity, "--format", "hledger", "--summary", "--drill-down", legs)...).exits(0).says("journal.summary", "7900|rounding")
	if text, err := os.ReadFile(legs); err != nil || strings.Count(string(text), "\n") != len(rows) {
		t.Errorf("the drill-down has %d rows, the detail %d: %v", strings.Count(string(text), "\n"), len(rows), err)
	}
	s.run("export", "journal", "--format", "hledger", "--period", "2026-02", "--file", filepath.Join(dir, "february.journal")).exits(0).says("february.journal: ")
	none := filepath.Join(dir, "none.csv")
	s.run("export", "--entity", "NOBODY", "--all", "--out", none).exits(1, "there is no entry of NOBODY")
	if left, _ := filepath.Glob(filepath.Join(dir, ".none*")); len(left) > 0 {
		t.Errorf("what is not kept stays: %v", left)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("an export of nothing is there")
	}
}

func TestExportWrongUse(t *testing.T) {
	for line, want := range map[string]string{
		"export --all --from kafka":                     "--entity is missing",
		"export books":                                  "no argument but journal",
		"export --entity E --all --period 2026-01":      "say either --period or --all",
		"export --entity E --period January":            "want year-month",
		"export --entity E --all --format xls":          "is none of csv, parquet, hledger, beancount",
		"export --entity E --all --from excel":          "neither clickhouse nor kafka",
		"export --entity E --all --drill-down legs.csv": "--drill-down belongs to --summary",
		"export --entity E --all --summary --by":        "flag needs an argument",
	} {
		t.Run(line, func(t *testing.T) { tool{t, nil}.run(strings.Fields(line)...).exits(2, want) })
	}
}
