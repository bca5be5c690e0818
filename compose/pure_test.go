package compose_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/throughline/throughline/producers/onlineretail"
	"github.com/throughline/throughline/schemas"
)

// sharedData is the folder of real inputs beside the checkout.
func sharedData(t testing.TB, parts ...string) string {
	path := filepath.Join(append([]string{"..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: %s is not there: put the shared data beside the checkout to run this test", path)
	}
	return path
}

// All 541,909 rows through the pure core: balances account by account and month by month, and stock SKU by SKU, equal the expected files.
func TestOnlineRetailThroughTheCore(t *testing.T) {
	rows, _, err := onlineretail.Open(sharedData(t, "uci_online_retail", "by-day.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := onlineretail.Convert(rows)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 4)
	w.refer(slices.Collect(data.Reference())...)
	for e := range data.Events() {
		w.publish(e)
	}
	if dead := w.letters(); len(dead) > 0 {
		t.Errorf("%d letters, first: %v", len(dead), dead[:min(5, len(dead))])
	}
	if held := w.onHold(); len(held) > 0 {
		t.Errorf("%d still held, first: %v", len(held), held[:min(5, len(held))])
	}
	got := w.balances()
	for _, row := range readCSV(t, sharedData(t, "uci_online_retail", "expected", "balances_by_account_and_month.csv")) {
		key := row[0] + " " + row[1]
		if row[1] == "all" {
			continue // the sum of the months
		}
		if want := schemas.MustDecimal(row[2]); !got[key].Equal(want) {
			t.Errorf("balance %s: got %s, want %s", key, got[key].Text(), want.Text())
		}
		delete(got, key)
	}
	for key, v := range got {
		if !v.IsZero() {
			t.Errorf("balance %s: got %s, want nothing", key, v.Text())
		}
	}
	for _, row := range readCSV(t, sharedData(t, "uci_online_retail", "expected", "stock_on_hand.csv")) {
		p, _ := w.positions.Get(row[0] + "|" + onlineretail.Location).(*schemas.StockPosition)
		if p == nil || !p.OnHand.Equal(schemas.MustDecimal(row[3])) || !p.Reserved.IsZero() || !p.OpenDemand.IsZero() || !p.Unavailable.IsZero() {
			t.Errorf("stock of %s: got %+v, want %s on hand and nothing else", row[0], p, row[3])
		}
	}
}

func readCSV(t testing.TB, path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}
