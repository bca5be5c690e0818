package onlineretail

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// books is the posting table of domain.md §2.3 for this source, in plain arithmetic over the events alone: amounts of shipments from
// their orders, costs from the reference data. It knows nothing of the rest of the system, so it proves the producer by itself.
// Amounts are int64 in ten-thousandths: the file's largest sum has 12 digits.
type books struct {
	t        *testing.T
	balances map[[2]string]int64 // account, month
	stock    map[string]int64
	costs    map[string]int64
	opening  map[string]int64
	orders   map[string]map[string]schemas.OrderLine
	shipped  map[string]schemas.OrderLine // shipment/line
	unbilled map[string]int64             // 1150 by shipment line
	memos    map[string]int64             // 1260 by credit note line
	month    string
}

func newBooks(t *testing.T) *books {
	return &books{t: t, balances: map[[2]string]int64{}, stock: map[string]int64{}, costs: map[string]int64{}, opening: map[string]int64{},
		orders: map[string]map[string]schemas.OrderLine{}, shipped: map[string]schemas.OrderLine{}, unbilled: map[string]int64{}, memos: map[string]int64{}}
}

func (b *books) units(d schemas.Decimal, scale uint8) int64 {
	b.t.Helper()
	d, exact := d.Rescale(scale)
	hi, lo := d.Int128()
	if !exact || hi != int64(lo)>>63 {
		b.t.Fatalf("%s has more than %d decimals, or too many digits", d, scale)
	}
	return int64(lo)
}

func (b *books) pieces(q schemas.Quantity) int64 {
	if q.Qty != q.BaseQty || q.UOM != "EA" || q.BaseUOM != "EA" {
		b.t.Fatalf("quantity %+v", q)
	}
	return b.units(q.BaseQty, 0)
}

// post moves amount from credit to debit in the event's month.
func (b *books) post(debit, credit string, amount int64) {
	b.balances[[2]string{debit, b.month}] += amount
	b.balances[[2]string{credit, b.month}] -= amount
}

func (b *books) cost(sku string, pieces int64) int64 {
	unit, known := b.costs[sku]
	if !known {
		b.t.Fatalf("no reference data for %s", sku)
	}
	return unit * pieces
}

func (b *books) apply(e schemas.Event) {
	m := e.Header()
	// The accounting date is the local one: no document is within an hour of midnight, but the offset must be right all the same.
	offset := int64(0)
	if m.OccurredTZOffset == "+01:00" {
		offset = 3600_000_000
	}
	b.month = schemas.Time(int64(m.OccurredAt) + offset).Time().Format("2006-01")
	switch x := e.(type) {
	case *schemas.InventoryReceived:
		for _, l := range x.Lines {
			n := b.pieces(l.Accepted)
			b.stock[l.Stock.SKU] += n
			b.opening[l.Stock.SKU] += n
			b.post("1200", "2050", b.cost(l.Stock.SKU, n))
		}
	case *schemas.InventoryAdjusted:
		for _, l := range x.Lines {
			n := b.pieces(l.Quantity)
			b.stock[l.Stock.SKU] += n
			b.post("1200", "5100", b.cost(l.Stock.SKU, n))
		}
	case *schemas.OrderAccepted:
		b.orders[x.OrderID] = map[string]schemas.OrderLine{}
		for _, l := range x.Lines {
			b.orders[x.OrderID][l.LineID] = l
		}
	case *schemas.ShipmentShipped:
		b.ship(x)
	case *schemas.InvoiceIssued:
		b.invoice(x)
	case *schemas.CreditMemoIssued:
		b.creditMemo(x)
	case *schemas.ReturnReceived:
		for _, l := range x.Lines {
			n := b.pieces(l.Quantity)
			b.stock[l.Stock.SKU] += n
			b.memos[x.CreditMemoID+"/"+l.CreditMemoLineID] -= n
			b.post("1200", "1260", b.cost(l.Stock.SKU, n))
		}
	default:
		b.money(e)
	}
}

func (b *books) money(e schemas.Event) {
	switch x := e.(type) {
	case *schemas.PSPFeeCharged:
		b.post("6100", "1050", b.units(x.Amount.Amount, 4))
	case *schemas.MarketplaceFeeCharged:
		account := "6110"
		if x.FeeType == schemas.MarketplaceFeeTypeCOMMISSION {
			account = "6140"
		}
		b.post(account, "1050", b.units(x.Amount.Amount, 4))
	case *schemas.GiftCardSold:
		if x.PaidInto != schemas.PaidIntoRECEIVABLE {
			b.t.Fatalf("gift card paid into %s", x.PaidInto)
		}
		b.post("1100", "2200", b.units(x.Amount.Amount, 4))
	case *schemas.ReceivableWrittenOff:
		b.post("6300", "1100", b.units(x.Amount.Amount, 4))
	}
}

func (b *books) ship(x *schemas.ShipmentShipped) {
	for _, l := range x.Lines {
		ordered, ok := b.orders[x.OrderID][l.OrderLineID]
		if !ok || ordered.Quantity != l.Quantity || ordered.Stock.SKU != l.Stock.SKU {
			b.t.Fatalf("shipment %s line %s ships what order %s does not hold", x.ShipmentID, l.LineID, x.OrderID)
		}
		net, freight := b.units(ordered.Amounts.Net, 4), b.units(ordered.Amounts.FreightNet, 4)
		if b.units(ordered.Amounts.Total, 4) != net+freight || ordered.Amounts.Gross != ordered.Amounts.Net {
			b.t.Fatalf("order %s line %s: %+v", x.OrderID, l.OrderLineID, ordered.Amounts)
		}
		b.post("1150", "4000", net)
		b.post("1150", "4200", freight)
		n := b.pieces(l.Quantity)
		b.stock[l.Stock.SKU] -= n
		b.post("5000", "1200", b.cost(l.Stock.SKU, n))
		b.shipped[x.ShipmentID+"/"+l.LineID] = ordered
		b.unbilled[x.ShipmentID+"/"+l.LineID] += net + freight
	}
}

var accountOf = map[string]string{"FREIGHT": "4200", "DISCOUNT": "4100", "MANUAL": "4900", "BANK_CHARGE": "6100", "SAMPLE": "6400"}

func (b *books) invoice(x *schemas.InvoiceIssued) {
	for _, l := range x.Lines {
		if l.Kind == schemas.LineKindCHARGE {
			b.post("1100", accountOf[l.ChargeCode], b.units(l.Amounts.Total, 4))
			continue
		}
		key := l.ShipmentID + "/" + l.ShipmentLineID
		amount := b.units(b.shipped[key].Amounts.Total, 4)
		b.post("1100", "1150", amount)
		b.unbilled[key] -= amount
	}
}

func (b *books) creditMemo(x *schemas.CreditMemoIssued) {
	if x.OrderID != "" || x.InvoiceID != "" {
		b.t.Fatalf("credit note %s names an order or invoice", x.CreditMemoID)
	}
	for _, l := range x.Lines {
		amount := b.units(l.Amounts.Total, 4)
		if amount < 0 {
			b.t.Fatalf("credit note %s line %s is negative", x.CreditMemoID, l.LineID)
		}
		if l.Kind == schemas.LineKindCHARGE {
			b.post(accountOf[l.ChargeCode], "1100", amount)
			continue
		}
		n := b.pieces(*l.Quantity)
		b.post("4300", "1100", amount)
		b.post("1260", "5000", b.cost(l.Stock.SKU, n))
		b.memos[x.CreditMemoID+"/"+l.LineID] += n
	}
}

func TestBooksEqualTheExpectedOnes(t *testing.T) {
	w := load541909(t)
	b := newBooks(t)
	for e := range w.set.Reference() {
		if x, ok := e.(*schemas.ReferenceItem); ok {
			b.costs[x.SKU] = b.units(x.UnitCost, 4)
		}
	}
	for e := range w.set.Events() {
		b.apply(e)
	}
	for _, open := range []map[string]int64{b.unbilled, b.memos} {
		for key, amount := range open {
			if amount != 0 {
				t.Errorf("%s stays open with %d", key, amount)
			}
		}
	}
	b.compareBalances(expected(t, "balances_by_account_and_month.csv"))
	b.compareStock(expected(t, "stock_on_hand.csv"))
}

func (b *books) compareBalances(want [][]string) {
	got := map[[2]string]int64{}
	for key, amount := range b.balances {
		got[key] += amount
		got[[2]string{key[0], "all"}] += amount
	}
	for _, row := range want {
		key, amount := [2]string{row[0], row[1]}, b.units(schemas.MustDecimal(row[2]), 4)
		if got[key] != amount {
			b.t.Errorf("account %s, %s: %d, want %d ten-thousandths", row[0], row[1], got[key], amount)
		}
		delete(got, key)
	}
	for key, amount := range got {
		if amount != 0 {
			b.t.Errorf("account %s, %s: %d, and nothing is expected", key[0], key[1], amount)
		}
	}
}

func (b *books) compareStock(want [][]string) {
	for _, row := range want {
		sku := row[0]
		opening, _ := strconv.ParseInt(row[2], 10, 64)
		onHand, _ := strconv.ParseInt(row[3], 10, 64)
		if b.costs[sku] != b.units(schemas.MustDecimal(row[1]), 4) || b.opening[sku] != opening || b.stock[sku] != onHand {
			b.t.Errorf("%s: cost %d, opening %d, on hand %d; want %v", sku, b.costs[sku], b.opening[sku], b.stock[sku], row)
		}
		delete(b.stock, sku)
		delete(b.costs, sku)
	}
	if len(b.stock) > 0 || len(b.costs) > 0 {
		b.t.Errorf("SKUs that nobody expects: %v, %v", b.stock, b.costs)
	}
}

// expected reads a table without its header.
func expected(t *testing.T, name string) [][]string {
	f, err := os.Open(dataPath(t, "expected/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 100 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return slices.Clone(rows[1:])
}
