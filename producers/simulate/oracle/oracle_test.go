package oracle

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// The second calculation is one only as long as it borrows nothing.
func TestBorrowsNothing(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 5 {
		t.Fatalf("listing this package: %d files, %v", len(names), err)
	}
	borrowed := []string{"Allocate", "Slice", "SliceFromBack", "EffectiveDate", "PeriodOf", "MulRound", "MulDiv", "Rescale", "Thread", "NewDecimal"}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if strings.Contains(path, "throughline") && !strings.HasSuffix(path, "/schemas") || strings.Contains(path, ".") && !strings.Contains(path, "throughline") {
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(borrowed, s.Sel.Name) {
				t.Errorf("%s uses %s", name, s.Sel.Name)
			}
			return true
		})
	}
}

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

func TestPartsSumToTheWhole(t *testing.T) {
	total, q := rat("93.32"), rat("3")
	for i, want := range []string{"31.11", "31.10", "31.11"} {
		if got := between(total, rat(strconv.Itoa(i)), rat("1"), q); got.Cmp(rat(want)) != 0 {
			t.Errorf("part %d of 93.32 over 3: %s, want %s", i+1, got.FloatString(4), want)
		}
	}
	if got := between(rat("0.005"), rat("0"), rat("2"), rat("2")); got.Cmp(rat("0.005")) != 0 {
		t.Errorf("a whole line is rounded to %s", got.FloatString(4))
	}
	for in, want := range map[string]string{"0.005": "0.01", "-0.005": "-0.01", "0.0049": "0", "2.675": "2.68"} {
		if got := round(rat(in), 2); got.Cmp(rat(want)) != 0 {
			t.Errorf("%s rounds to %s, want %s", in, got.FloatString(2), want)
		}
	}
}

// Dates are worked out without a zone database; here one checks them, hour by hour.
func TestAccountingDateAgreesWithTheZone(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatalf("this test needs a zone database (install tzdata): %v", err)
	}
	for at := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2028; at = at.Add(time.Hour) {
		y, m, d := at.In(zone).Date()
		want := schemas.Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
		if got := accountingDate(&schemas.Meta{OccurredAt: schemas.Time(at.UnixMicro())}); got != want {
			t.Fatalf("%s is on %s, want %s", at, got, want)
		}
	}
}
