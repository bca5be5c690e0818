package compose_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/export"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// controller is where a controller closes, with ClickHouse.
func (s *system) controller() closing.Desk {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	return closing.Desk{Desk: replay.Desk{Cluster: opts, Codec: codec, Who: "controller"}, Derivations: compose.Derivations(), Conn: s.conn, Publish: s.producer().Emit, Now: time.Now}
}

// closesMonth closes the biggest month of the load and proves it from Kafka alone: manifest, hledger and the data's own second calculation say the same.
func (s *system) closesMonth(t *testing.T) {
	const entity, month = "UCI-GB", "2011-11"
	want := map[string]schemas.Decimal{}
	for _, row := range readCSV(t, sharedData(t, "uci_online_retail", "expected", "balances_by_account_and_month.csv")) {
		if row[1] == month {
			want[row[0]+" "+month+" GBP"] = schemas.MustDecimal(row[2])
		}
	}
	x := exports{system: s, entity: entity}.on(t)
	desk, begin := s.controller(), time.Now()
	m, blockers, err := desk.Close(t.Context(), closing.Ask{Entity: entity, Period: month, OutOfOrder: true})
	if err != nil {
		t.Fatal(err, blockers)
	}
	closed := time.Since(begin)
	balances := map[string]schemas.Decimal{}
	for _, b := range m.Balances {
		key := b.Account + " " + month + " " + b.Functional
		balances[key] = balances[key].Add(b.AmountFn)
	}
	x.equal("the manifest's trial balance", balances, want)

	desk.Conn, begin = nil, time.Now()
	v, err := desk.Verify(t.Context(), m)
	if err != nil || v.Violations() > 0 || v.Entries != m.Entries || m.Entries == 0 {
		t.Errorf("verifying: %v, %+v", err, v)
	}
	t.Logf("%d entries of %s: closed in %s, 15 s of which lie between the announcement and its instant; verified in %s", m.Entries, month, closed.Round(100*time.Millisecond),
		time.Since(begin).Round(100*time.Millisecond))

	t.Run("hledger reads the close", func(t *testing.T) {
		x.ledger = startHledger(t)
		x.closedBooks(t, desk, m, want)
	})
}

// closedBooks lets hledger add up what a close holds.
func (x exports) closedBooks(t *testing.T, desk closing.Desk, m closing.Manifest, want map[string]schemas.Decimal) {
	x = x.on(t)
	path := filepath.Join(t.TempDir(), "close.journal")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := export.New("hledger", file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := export.Copy(w, desk.Entries(t.Context(), m))
	if err != nil || int64(n.Entries) != m.Entries || int64(n.Lines) != m.Lines {
		t.Errorf("%+v exported of %d entries, %d lines: %v", n, m.Entries, m.Lines, err)
	}
	x.equal("hledger's balances of the close", x.ledger.balances(t, path, false), want)
}
