package simulate

import (
	"fmt"
	"time"

	"github.com/throughline/throughline/schemas"
)

// batch is what a processor settles at once, and pays out.
type batch struct {
	id       string
	psp      string
	currency string // in which it is paid out
	at       schemas.Time
	rows     []row
	others   []other
	total    schemas.Decimal
}

// row is a payment, refund or dispute on its way through a batch.
type row struct {
	kind                            schemas.SettledKind
	payment, refund, dispute, order string
	currency                        string
	gross, fee                      schemas.Decimal // signed; the fee is positive
	feeBooked                       bool            // on the payment; else the batch bears it
	feeLater                        schemas.Event   // a fee in a foreign currency: its rate is known at the settlement
	booked                          *schemas.Fx
}

// other is a row of a batch that belongs to no payment.
type other struct {
	kind        schemas.PSPFeeType
	amount, tax schemas.Decimal
}

func (b *batch) add(r row) { b.rows = append(b.rows, r) }

// payoutCurrency: one processor pays euros out in dollars.
func payoutCurrency(psp, currency string) string {
	if psp == "stripe" {
		return Functional
	}
	return currency
}

// batchFor is the batch in which a movement will be settled: the next but at least a day away.
func (r *run) batchFor(psp, currency string, at schemas.Time) *batch {
	currency = payoutCurrency(psp, currency)
	when := settlementTime(psp, at+day)
	id := fmt.Sprintf("B-%s-%s-%s", psp, currency, when.Time().Format("20060102"))
	b := r.batches[id]
	if b == nil {
		b = &batch{id: id, psp: psp, currency: currency, at: when}
		r.batches[id] = b
		r.then(when, func() { r.close(b) })
	}
	return b
}

// settlementTime: most settle on Wednesdays, one late in the evening of Wednesdays and one on the last evening of the month, which
// are the next day, and the next month, in UTC.
func settlementTime(psp string, at schemas.Time) schemas.Time {
	t := at.Time()
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch psp {
	case "paypal":
		return schemas.TimeOf(time.Date(t.Year(), t.Month()+1, 1, 2, 0, 0, 0, time.UTC))
	case "adyen":
		return schemas.TimeOf(midnight.AddDate(0, 0, 1+int(time.Thursday+6-t.Weekday())%7)) + 3*hour + 30*minute
	}
	return schemas.TimeOf(midnight.AddDate(0, 0, 1+int(time.Wednesday+6-t.Weekday())%7)) + 15*hour
}

// settle charges the processor's fee for a payment and puts it into its batch. Some fees stand on the payment, some on the batch.
func (r *run) settle(at schemas.Time, p *payment) {
	b := r.batchFor(p.psp, p.currency, at)
	it := row{kind: schemas.SettledKindPAYMENT, payment: p.id, order: p.order, currency: p.currency, gross: p.amount, booked: p.fx,
		fee: p.amount.MulRound(schemas.NewDecimal(29, 3), 2, schemas.HalfUp).Add(schemas.NewDecimal(30, 2))}
	it.feeBooked = p.keptFee || p.currency != b.currency || r.chance(70)
	if !it.feeBooked {
		b.others = append(b.others, other{kind: schemas.PSPFeeTypeFEE, amount: it.fee})
		b.add(it)
		return
	}
	var tax schemas.Opt[schemas.Decimal]
	amount := schemas.Money{Amount: it.fee, Currency: p.currency}
	if p.currency == "GBP" && r.chance(50) { // input tax on the fee
		tax = schemas.Some(it.fee.MulRound(schemas.NewDecimal(20, 2), 2, schemas.HalfUp))
		it.fee = it.fee.Add(tax.V)
	}
	id := r.id("FEE")
	var fee schemas.Event = &schemas.PSPFeeCharged{FeeID: id, PSP: p.psp, FeeType: schemas.PSPFeeTypeFEE, Amount: amount, Tax: tax,
		TaxJurisdiction: jurisdiction(tax), PaymentID: p.id, BalanceTransaction: "txn_" + id}
	if p.keptFee {
		fee = &schemas.MarketplaceFeeCharged{FeeID: id, Marketplace: p.psp, FeeType: pick(r, schemas.MarketplaceFeeTypeREFERRAL, schemas.MarketplaceFeeTypeCOMMISSION),
			Amount: amount, Tax: tax, TaxJurisdiction: jurisdiction(tax), OrderID: p.order, PaymentID: p.id}
	}
	if p.currency == Functional {
		r.sayFee(r.later(at, 0, minute), fee, id, p.psp)
	} else {
		it.feeLater = fee
	}
	b.add(it)
}

func jurisdiction(tax schemas.Opt[schemas.Decimal]) string {
	if tax.Set {
		return "GB"
	}
	return ""
}

func (r *run) sayFee(at schemas.Time, fee schemas.Event, id, psp string) {
	r.say(at, fee, processor(psp, "balance transaction", "txn_"+id, "charged"), "fee_id", id)
}

// processorRows are what processors do on their own: they hold a reserve back and give it free, and take a deposit.
func (r *run) processorRows(at schemas.Time) {
	held := schemas.NewDecimal(2500, 2)
	now, next := r.batchFor("stripe", Functional, at), r.batchFor("stripe", Functional, at+7*day)
	now.others = append(now.others, other{kind: schemas.PSPFeeTypeRESERVE, amount: held})
	next.others = append(next.others, other{kind: schemas.PSPFeeTypeRESERVE, amount: held.Neg()})
	if r.chance(30) {
		now.others = append(now.others, other{kind: schemas.PSPFeeTypeTOPUP, amount: schemas.NewDecimal(-100, 0)})
	}
	now.others = append(now.others, other{kind: schemas.PSPFeeTypeFEE, amount: schemas.NewDecimal(990, 2), tax: schemas.NewDecimal(82, 2)})
	mistaken := &schemas.PSPFeeCharged{FeeID: r.id("FEE"), PSP: "stripe", FeeType: schemas.PSPFeeTypeFEE, PaymentID: r.id("PAY"),
		Amount: schemas.Money{Amount: schemas.NewDecimal(333, 2), Currency: Functional}}
	r.sayFee(at, mistaken, mistaken.FeeID, "stripe")
	r.void(r.later(at, 20, 0), mistaken, schemas.CorrectionReasonDID_NOT_OCCUR, "fee of another account")
}

// promote lets a marketplace pay for the discounts that it promised.
func (r *run) promote(o *order, at schemas.Time) {
	sum := schemas.NewDecimal(0, 4)
	for _, l := range o.goods() {
		for _, d := range l.amounts.Discounts {
			if d.FundedBy == schemas.FundedByMARKETPLACE && l.shipped == l.qty {
				sum = sum.Add(d.Amount)
			}
		}
	}
	if sum.Sign() > 0 {
		b := r.batchFor(o.psp, o.currency, at)
		b.others = append(b.others, other{kind: schemas.PSPFeeTypeFUNDED_PROMOTION, amount: sum.Neg()})
	}
}

// close settles every row, announces the payout and lets it arrive.
func (r *run) close(b *batch) {
	delete(r.batches, b.id)
	for i, it := range b.rows {
		r.settleRow(b, it, b.at+schemas.Time(i)*second)
	}
	fx := r.fx(b.currency, b.at, schemas.RateTypeSETTLEMENT, b.psp)
	for i, row := range b.others {
		id := fmt.Sprintf("%s-%d", b.id, i+1)
		fee := &schemas.PSPFeeCharged{FeeID: id, PSP: b.psp, FeeType: row.kind, Amount: schemas.Money{Amount: row.amount, Currency: b.currency},
			BatchID: b.id, FX: fx}
		if !row.tax.IsZero() {
			fee.Tax, fee.TaxJurisdiction = schemas.Some(row.tax), "US-TX"
		}
		r.sayFee(b.at, fee, id, b.psp)
		b.total = b.total.Sub(row.amount).Sub(row.tax)
	}
	if b.total.IsZero() {
		return
	}
	e := &schemas.PayoutPaid{PayoutID: "PO" + b.id[1:], BatchID: b.id, PSP: b.psp, Amount: schemas.Money{Amount: b.total, Currency: b.currency},
		ArrivalDate: schemas.Some(localDate(b.at) + 1), ItemCount: int64(len(b.rows) + len(b.others)), FX: fx,
		Totals: []schemas.CategoryTotal{{Category: "payout", Amount: b.total, Count: int64(len(b.rows) + len(b.others))}}}
	at := b.at + hour
	r.say(at, e, processor(b.psp, "payout", e.PayoutID, "paid"), "payout_id", e.PayoutID, "batch_id", b.id)
	if r.chance(15) {
		e, at = r.failPayout(e, at)
	}
	r.bankLine(r.later(at, 1, hour), schemas.MatchedKindPAYOUT, e.PayoutID, "", e.Amount, e.FX)
}

// failPayout lets a payout come back from a bank that does not know the account, and be paid again under another number.
func (r *run) failPayout(e *schemas.PayoutPaid, at schemas.Time) (again *schemas.PayoutPaid, paid schemas.Time) {
	back := r.later(at, 1, hour)
	r.say(back, &schemas.PayoutFailed{FailureID: "F-" + e.PayoutID, PayoutID: e.PayoutID, BatchID: e.BatchID, PSP: e.PSP, Amount: e.Amount, Reason: "ACCOUNT_UNKNOWN",
		BookedFX: e.FX, FX: e.FX}, processor(e.PSP, "payout", e.PayoutID, "failed"), "payout_id", e.PayoutID, "batch_id", e.BatchID)
	twin := *e
	twin.Meta, twin.PayoutID = schemas.Meta{}, e.PayoutID+"-2"
	r.say(back+hour, &twin, processor(e.PSP, "payout", twin.PayoutID, "paid"), "payout_id", twin.PayoutID, "batch_id", e.BatchID)
	return &twin, back + hour
}

func (r *run) settleRow(b *batch, it row, at schemas.Time) {
	fx := r.fx(it.currency, b.at, schemas.RateTypeSETTLEMENT, b.psp)
	switch fee := it.feeLater.(type) {
	case *schemas.PSPFeeCharged:
		fee.FX = fx
		r.sayFee(at, fee, fee.FeeID, b.psp)
	case *schemas.MarketplaceFeeCharged:
		fee.FX = fx
		r.sayFee(at, fee, fee.FeeID, b.psp)
	}
	e := &schemas.PaymentSettled{SettlementID: r.id("ST"), BatchID: b.id, PSP: b.psp, Kind: it.kind, PaymentID: it.payment, RefundID: it.refund,
		DisputeID: it.dispute, OrderID: it.order, Gross: schemas.Money{Amount: it.gross, Currency: it.currency}, Fee: it.fee, Net: it.gross.Sub(it.fee),
		FeeBookedOnPayment: it.feeBooked, BookedFX: it.booked, SettlementFX: fx}
	moved := it.gross
	if it.feeBooked {
		moved = e.Net
	}
	if it.currency != b.currency { // only where nothing but the net is left on the payment
		moved = moved.MulRound(fx.Rate, 2, schemas.HalfUp)
		e.Settlement = &schemas.Money{Amount: moved, Currency: b.currency}
	}
	b.total = b.total.Add(moved)
	r.say(at, e, processor(b.psp, "settlement", e.SettlementID, "settled"), "payment_id", it.payment, "batch_id", b.id, "order_id", it.order)
}
