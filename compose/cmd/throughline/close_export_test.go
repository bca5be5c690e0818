package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/hledger"
	"github.com/throughline/throughline/schemas"
)

// exportsTheClose writes what a close holds without ClickHouse, lets hledger add it up, and holds that against the manifest account by account. It gives the file.
func (s *servers) exportsTheClose(alone tool, manifest string, m closing.Manifest) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "close.journal")
	var told exported
	alone.run("export", "journal", "--format", "hledger", "--close", manifest, "--out", path, "-o", "json").exits(0).json(&told)
	if int64(told.Entries) != m.Entries || int64(told.Lines) != m.Lines {
		s.t.Errorf("exported %+v, want %d entries and %d lines", told, m.Entries, m.Lines)
	}
	s.hledgerSays(path, m)
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// hledgerSays compares hledger's balances of a file with those of a manifest, in both currencies.
func (s *servers) hledgerSays(path string, m closing.Manifest) {
	s.t.Helper()
	program, err := hledger.Find(s.t.Context())
	if errors.Is(err, hledger.ErrNone) {
		s.t.Log("SKIPPED, NOT PASSED:", err)
		return
	}
	if err != nil {
		s.t.Fatal(err)
	}
	functional, transacted := map[string]schemas.Decimal{}, map[string]schemas.Decimal{}
	for _, b := range m.Balances {
		key := b.Account + " " + m.Period + " "
		functional[key+b.Functional] = functional[key+b.Functional].Add(b.AmountFn)
		transacted[key+b.Currency] = transacted[key+b.Currency].Add(b.Amount)
	}
	for cost, want := range map[bool]map[string]schemas.Decimal{false: functional, true: transacted} {
		got, err := program.Balances(s.t.Context(), path, cost)
		if err != nil {
			s.t.Fatal(err)
		}
		for key, v := range want {
			if !got[key].Equal(v) {
				s.t.Errorf("hledger says %s of %s, the manifest %s", got[key].Text(), key, v.Text())
			}
		}
		for key, v := range got {
			if _, ok := want[key]; !ok && !v.IsZero() {
				s.t.Errorf("hledger says %s of %s, of which the manifest says nothing", v.Text(), key)
			}
		}
	}
}

// What ClickHouse shows of a closed period is what was closed, and an export of a close is refused where it is not.
func (s *servers) exportsThePeriod(entity, period string, m closing.Manifest) {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "period.journal")
	s.run("export", "journal", "--format", "hledger", "--entity", entity, "--period", period, "--out", path).exits(0)
	s.hledgerSays(path, m)
}

func TestExportOfACloseWrongUse(t *testing.T) {
	for _, flags := range [][]string{{"--entity", "E"}, {"--period", "2026-01"}, {"--all"}, {"--from", "clickhouse"}} {
		tool{t, nil}.run(append([]string{"export", "--close", "E/2026-01"}, flags...)...).exits(2, "--close says which entity, period and offsets of Kafka: leave")
	}
}
