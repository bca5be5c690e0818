package compose_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/throughline/throughline/producers/onlineretail"
	"github.com/throughline/throughline/schemas"
)

// The main job on real input: all 541,909 rows, from the file to ClickHouse, through every loop.
func TestOnlineRetailFromFileToClickHouse(t *testing.T) {
	path := sharedData(t, "uci_online_retail", "by-day.tar.gz")
	s := startSystem(t)
	stop := s.run()
	begin := time.Now()
	if err := onlineretail.Load(t.Context(), s.producer(), path, nil); err != nil {
		t.Fatal(err)
	}
	published := time.Since(begin)
	const events = 135_617
	var got map[string]uint64
	deadline := time.Now().Add(8 * time.Minute)
	for {
		got = s.outcomes()
		if got["posted"]+got["stock_only"]+got["no_effect"] == events || got["dead"] > 0 || time.Now().After(deadline) {
			break
		}
		fmt.Fprintln(os.Stderr, time.Since(begin).Round(time.Second), got)
		<-time.After(2 * time.Second)
	}
	t.Logf("published in %s, visible in %s, outcomes %v", published.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), got)
	if got["posted"]+got["stock_only"]+got["no_effect"] != events || got["pending"]+got["missing"]+got["dead"] != 0 {
		t.Fatalf("completeness: %v, want %d events and none pending, missing or dead", got, events)
	}
	s.checkTrialBalance(sharedData(t, "uci_online_retail", "expected", "balances_by_account_and_month.csv"))
	s.checkStock(sharedData(t, "uci_online_retail", "expected", "stock_on_hand.csv"))
	s.checkOrderLines()
	t.Run("a month is closed, and proven from Kafka alone", s.closesMonth)
	t.Run("hledger adds every month up as we do", s.exportMonths)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func (s *system) checkTrialBalance(path string) {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT account, period, toString(balance) FROM trial_balance WHERE legal_entity = 'UCI-GB'")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]schemas.Decimal{}
	for rows.Next() {
		var account, period, balance string
		if err := rows.Scan(&account, &period, &balance); err != nil {
			s.t.Fatal(err)
		}
		got[account+" "+period] = schemas.MustDecimal(balance)
	}
	for _, row := range readCSV(s.t, path) {
		if row[1] == "all" {
			continue
		}
		key, want := row[0]+" "+row[1], schemas.MustDecimal(row[2])
		if !got[key].Equal(want) {
			s.t.Errorf("trial balance %s: got %s, want %s", key, got[key].Text(), want.Text())
		}
		delete(got, key)
	}
	for key, v := range got {
		if !v.IsZero() {
			s.t.Errorf("trial balance %s: got %s, want nothing", key, v.Text())
		}
	}
}

// checkOrderLines: every line that anybody ordered has left and was billed, and nothing is open.
func (s *system) checkOrderLines() {
	s.t.Helper()
	var lines, broken, named uint64
	var ordered, shipped, invoiced string
	begin := time.Now()
	eventually(s.t, "every line is conserved", func() bool {
		if err := s.conn.QueryRow(s.t.Context(), `SELECT count(), countIf(ordered != shipped OR ordered <= 0 OR cancelled != 0 OR open != 0 OR unbilled != 0 OR gap != 0 OR stock_gap != 0), countIf(code != ''),
			toString(sum(ordered)), toString(sum(shipped)), toString(sum(invoiced)) FROM order_conservation WHERE legal_entity = 'UCI-GB'`).Scan(&lines, &broken, &named, &ordered, &shipped, &invoiced); err != nil {
			s.t.Fatal(err)
		}
		return broken == 0
	})
	s.t.Logf("%d order lines are conserved: %s pieces ordered, %s shipped, %s invoiced; asked and answered in %s", lines, ordered, shipped, invoiced, time.Since(begin).Round(time.Millisecond))
	if lines < 500_000 || named != 0 || ordered != shipped || shipped != invoiced {
		s.t.Errorf("%d lines, %d with a code; %s ordered, %s shipped, %s invoiced", lines, named, ordered, shipped, invoiced)
	}
}

func (s *system) checkStock(path string) {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT sku, toString(on_hand), toString(reserved), toString(open_demand), toString(unavailable) FROM stock_positions")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string][4]string{}
	for rows.Next() {
		var sku string
		var v [4]string
		if err := rows.Scan(&sku, &v[0], &v[1], &v[2], &v[3]); err != nil {
			s.t.Fatal(err)
		}
		got[sku] = v
	}
	for _, row := range readCSV(s.t, path) {
		v, ok := got[row[0]]
		if !ok || !schemas.MustDecimal(v[0]).Equal(schemas.MustDecimal(row[3])) || v[1] != "0" || v[2] != "0" || v[3] != "0" {
			s.t.Errorf("stock of %s: got %v, want %s on hand and nothing else", row[0], v, row[3])
		}
	}
}
