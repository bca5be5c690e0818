package schemas

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
)

// readISO4217 gives exponents by code; -1 for a code without a minor unit.
func readISO4217(t *testing.T) map[string]int {
	file, err := os.Open("testdata/iso4217.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	exponents := make(map[string]int, len(rows))
	for _, row := range rows[1:] {
		exponents[row[0]] = -1
		if row[1] != "-" {
			if exponents[row[0]], err = strconv.Atoi(row[1]); err != nil {
				t.Fatalf("%s: %v", row[0], err)
			}
		}
	}
	if len(exponents) != 193 {
		t.Fatalf("the list holds %d codes, want 193", len(exponents))
	}
	return exponents
}

// Every three letters there are: what ISO lists has ISO's exponent, and nothing else has one.
func TestCurrencyExponent(t *testing.T) {
	listed := readISO4217(t)
	for n := range 26 * 26 * 26 {
		code := string([]byte{byte('A' + n/676), byte('A' + n/26%26), byte('A' + n%26)})
		want, known := listed[code]
		got, err := CurrencyExponent(code)
		if known && want >= 0 && (err != nil || int(got) != want) {
			t.Errorf("%s: %d, %v; want %d", code, got, err, want)
		}
		if (!known || want < 0) && err == nil {
			t.Errorf("%s has the exponent %d; ISO lists none", code, got)
		}
	}
}

func TestCurrencyExponentSaysWhatToDo(t *testing.T) {
	for code, advice := range map[string]string{
		"usd": "send USD", "Eur": "send EUR", "XAU": "no minor unit", "ZZZ": "correct the source", "": "correct the source",
		"GB": "correct the source", "USDT": "correct the source",
	} {
		if _, err := CurrencyExponent(code); err == nil || !strings.Contains(err.Error(), advice) {
			t.Errorf("%q: %v; want an error with %q", code, err, advice)
		}
	}
}

func BenchmarkCurrencyExponent(b *testing.B) {
	for b.Loop() {
		if _, err := CurrencyExponent("USD"); err != nil {
			b.Fatal(err)
		}
	}
}
