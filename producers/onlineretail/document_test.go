package onlineretail

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

func convert(t *testing.T, rows ...string) (*Dataset, error) {
	t.Helper()
	r, _, err := Open(written(t, "rows.csv", header+strings.Join(rows, "\n")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Convert(r)
}

// types lists what the rows become, opening receipts left out.
func types(d *Dataset) string {
	var names []string
	for e := range d.Events() {
		if e.EventType() != "inventory.received" {
			names = append(names, e.EventType())
		}
	}
	return strings.Join(names, " ")
}

const sold = "order.accepted inventory.reserved fulfillment.picked fulfillment.packed shipment.shipped invoice.issued"

func TestWhatRowsBecome(t *testing.T) {
	for name, test := range map[string]struct {
		want string
		rows []string
	}{
		"a sale":                        {sold, []string{"1,22423,CAKESTAND,2,2011-01-05 10:00:00,12.75,17850.0,United Kingdom"}},
		"free goods of a customer":      {sold, []string{"1,22423,CAKESTAND,2,2011-01-05 10:00:00,0.0,17850.0,United Kingdom"}},
		"free goods beside a price":     {sold, []string{"1,22423,CAKESTAND,2,2011-01-05 10:00:00,0.0,,EIRE", "1,POST,POSTAGE,1,2011-01-05 10:00:00,3.0,,EIRE"}},
		"found":                         {"inventory.adjusted", []string{"1,22423,found,2,2011-01-05 10:00:00,0.0,,United Kingdom"}},
		"lost":                          {"inventory.adjusted", []string{"1,22423,damages,-2,2011-01-05 10:00:00,0.0,,United Kingdom"}},
		"found, and unpriced freight":   {"invoice.issued inventory.adjusted", []string{"1,POST,,1,2011-01-05 10:00:00,0.0,,EIRE", "1,22423,,2,2011-01-05 10:00:00,0.0,,EIRE"}},
		"freight alone":                 {"invoice.issued", []string{"1,DOT,DOTCOM,1,2011-01-05 10:00:00,9.5,,United Kingdom"}},
		"a return":                      {"credit_memo.issued return.received return.dispositioned", []string{"C1,22423,CAKESTAND,-2,2011-01-05 10:00:00,12.75,,EIRE"}},
		"a discount":                    {"credit_memo.issued", []string{"C1,D,Discount,-1,2011-01-05 10:00:00,27.5,,EIRE"}},
		"fees are on no invoice":        {"marketplace_fee.charged", []string{"1,AMAZONFEE,AMAZON FEE,1,2011-01-05 10:00:00,27.5,,EIRE"}},
		"fees and a charge on a credit": {"credit_memo.issued psp.fee_charged marketplace_fee.charged marketplace_fee.charged", []string{"C1,BANK CHARGES,,-1,2011-01-05 10:00:00,15,,", "C1,AMAZONFEE,,-1,2011-01-05 10:00:00,15,,", "C1,CRUK,,-1,2011-01-05 10:00:00,15,,", "C1,S,SAMPLES,-1,2011-01-05 10:00:00,15,,"}},
		"a gift voucher in a sale":      {sold + " gift_card.sold", []string{"1,22423,CAKESTAND,2,2011-01-05 10:00:00,12.75,1.0,EIRE", "1,gift_0001_20,Voucher,2,2011-01-05 10:00:00,16.67,1.0,EIRE"}},
		"a gift voucher without price":  {"", []string{"1,gift_0001_20,Voucher,2,2011-01-05 10:00:00,0,,EIRE"}},
		"bad debt":                      {"receivable.written_off", []string{"A1,B,Adjust bad debt,1,2011-01-05 10:00:00,-11062.06,,EIRE"}},
	} {
		d, err := convert(t, test.rows...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := types(d); got != test.want {
			t.Errorf("%s became %s; want %s", name, got, test.want)
		}
	}
}

func TestRowsOfNoClass(t *testing.T) {
	for name, row := range map[string]string{
		"negative sale with a price": "1,22423,CAKESTAND,-2,2011-01-05 10:00:00,12.75,,EIRE",
		"credit without a price":     "C1,22423,CAKESTAND,-2,2011-01-05 10:00:00,0,,EIRE",
		"positive credit":            "C1,22423,CAKESTAND,2,2011-01-05 10:00:00,12.75,,EIRE",
		"negative price":             "1,22423,CAKESTAND,2,2011-01-05 10:00:00,-12.75,,EIRE",
		"no quantity":                "1,22423,CAKESTAND,0,2011-01-05 10:00:00,12.75,,EIRE",
		"a discount that is billed":  "1,D,Discount,1,2011-01-05 10:00:00,12.75,,EIRE",
		"a voucher taken back":       "C1,gift_0001_20,Voucher,-1,2011-01-05 10:00:00,12.75,,EIRE",
	} {
		_, err := convert(t, "9,22423,CAKESTAND,1,2011-01-05 10:00:00,12.75,,EIRE", row)
		if err == nil || !strings.Contains(err.Error(), "rows.csv:3") || !strings.Contains(err.Error(), "leave it out") {
			t.Errorf("%s: %v; want the line and what to do", name, err)
		}
	}
}

// 10.00 over 99.99, 40.00 and 9.99 (domain.md §2.5 rule 1), and a free line that gets nothing.
func TestFreightIsAllocatedOnNet(t *testing.T) {
	d, err := convert(t,
		"1,A,,1,2011-01-05 10:00:00,99.99,1.0,EIRE", "1,FREE,,5,2011-01-05 10:00:00,0,1.0,EIRE", "1,B,,2,2011-01-05 10:00:00,20,1.0,EIRE",
		"1,POST,POSTAGE,1,2011-01-05 10:00:00,10,1.0,EIRE", "1,C,,1,2011-01-05 10:00:00,9.99,1.0,EIRE")
	if err != nil {
		t.Fatal(err)
	}
	order := find[*schemas.OrderAccepted](t, &d.documents[0])
	want := map[string][2]string{"1": {"6.67", "106.66"}, "2": {"0.00", "0.00"}, "3": {"2.67", "42.67"}, "5": {"0.66", "10.65"}}
	for _, l := range order.Lines {
		if l.Amounts.FreightNet.String() != want[l.LineID][0] || l.Amounts.Total.String() != want[l.LineID][1] {
			t.Errorf("line %s: %+v; want %v", l.LineID, l.Amounts, want[l.LineID])
		}
	}
	if invoice := find[*schemas.InvoiceIssued](t, &d.documents[0]); len(invoice.Lines) != 4 {
		t.Errorf("%d invoice lines: freight is billed with its goods", len(invoice.Lines))
	}
	if order.ShipToCountry != "IE" || order.CustomerRef != "1" || len(order.Lines) != 4 {
		t.Errorf("%+v", order)
	}
}

// Free goods have no value to put freight on: it is a charge.
func TestFreightOfFreeGoodsIsACharge(t *testing.T) {
	d, err := convert(t, "1,A,,1,2011-01-05 10:00:00,0,1.0,EIRE", "1,POST,POSTAGE,2,2011-01-05 10:00:00,5.05,1.0,EIRE")
	if err != nil {
		t.Fatal(err)
	}
	order, invoice := find[*schemas.OrderAccepted](t, &d.documents[0]), find[*schemas.InvoiceIssued](t, &d.documents[0])
	if !order.Lines[0].Amounts.Total.IsZero() || len(invoice.Lines) != 2 || invoice.Lines[1].ChargeCode != "FREIGHT" || invoice.Lines[1].Amounts.Total.String() != "10.10" {
		t.Errorf("order %+v, invoice %+v", order.Lines, invoice.Lines)
	}
}

// Cost and opening stock do not depend on the order of the rows.
func TestCostRule(t *testing.T) {
	rows := []string{
		"1,A,,3,2011-01-05 10:00:00,2.55,1.0,EIRE", "2,a,,2,2011-01-06 10:00:00,0.001,1.0,EIRE", "3,A,,7,2011-01-07 10:00:00,0,1.0,EIRE",
		"4,A,lost,-4,2011-01-08 10:00:00,0,,EIRE", "5,A,found,9,2011-01-08 10:00:00,0,,EIRE", "C6,A,,-1,2011-01-08 10:00:00,0.0001,1.0,EIRE",
		"7,B,found,1,2011-01-09 10:00:00,0,,EIRE",
	}
	backwards := make([]string, 0, len(rows))
	for i := range rows {
		backwards = append(backwards, rows[len(rows)-1-i])
	}
	for _, order := range [][]string{rows, backwards} {
		d, err := convert(t, order...)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.items) != 2 || d.items[0].opening != 16 || d.items[1].opening != 0 {
			t.Errorf("items %+v: want 3 + 2 + 7 + 4 of A, none of B", d.items)
		}
		// 0.60 × 0.001 = 0.0006; B was never sold at a price.
		if d.items[0].cost().String() != "0.0006" || d.items[1].cost().String() != "1.0000" {
			t.Errorf("costs %s and %s", d.items[0].cost(), d.items[1].cost())
		}
	}
}

func TestAdjustmentReasons(t *testing.T) {
	for note, want := range map[string]schemas.AdjustmentReason{
		"Damaged": schemas.AdjustmentReasonDAMAGE, "wet/rusty": schemas.AdjustmentReasonDAMAGE, "thrown away": schemas.AdjustmentReasonDAMAGE,
		"check": schemas.AdjustmentReasonCOUNT, "?": schemas.AdjustmentReasonCOUNT, "": schemas.AdjustmentReasonCOUNT,
	} {
		if got := adjustmentReason(&line{class: Loss, note: note}); got != want {
			t.Errorf("%q: %s, want %s", note, got, want)
		}
	}
	if got := adjustmentReason(&line{class: Found, note: "damaged"}); got != schemas.AdjustmentReasonFOUND {
		t.Error(got)
	}
}
