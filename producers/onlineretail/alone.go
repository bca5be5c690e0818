package onlineretail

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

// alone gives the event of such a row. Fees and write-offs are signed, + is our cost: the opposite of what the row bills.
func (d *document) alone(l *line) schemas.Event {
	id := d.no + "/" + l.id
	cost := schemas.Money{Amount: l.value().Neg(), Currency: currency}
	switch l.class {
	case WriteOff:
		return &schemas.ReceivableWrittenOff{
			Meta:       d.meta("receivable.written_off", "write-off", id, "written_off", "write_off_id", id),
			WriteOffID: id, CustomerRef: d.customer, Amount: cost,
		}
	case BankCharge:
		return &schemas.PSPFeeCharged{
			Meta:  d.meta("psp.fee_charged", "bank charge", id, "charged", "fee_id", id),
			FeeID: id, PSP: "bank", FeeType: schemas.PSPFeeTypeFEE, Amount: cost,
		}
	case Commission:
		return d.marketplaceFee(id, "CRUK", schemas.MarketplaceFeeTypeCOMMISSION, cost)
	case MarketplaceFee:
		return d.marketplaceFee(id, "amazon", schemas.MarketplaceFeeTypeREFERRAL, cost)
	}
	return d.giftCard(id, l)
}

func (d *document) marketplaceFee(id, marketplace string, feeType schemas.MarketplaceFeeType, cost schemas.Money) schemas.Event {
	return &schemas.MarketplaceFeeCharged{
		Meta:  d.meta("marketplace_fee.charged", "marketplace fee", id, "charged", "fee_id", id),
		FeeID: id, Marketplace: marketplace, FeeType: feeType, Amount: cost,
	}
}

// giftCard belongs to the order where the invoice has one: no other event of a thread of its own would wait for it.
func (d *document) giftCard(id string, l *line) schemas.Event {
	e := &schemas.GiftCardSold{
		Meta:   d.meta("gift_card.sold", "gift card", id, "sold", "invoice_id", d.no),
		SaleID: id, CardRef: l.sku + "/" + id, InvoiceID: d.no, CustomerRef: d.customer,
		Amount: schemas.Money{Amount: l.value(), Currency: currency}, PaidInto: schemas.PaidIntoRECEIVABLE,
	}
	if d.sale() {
		e.OrderID = d.no
		e.Meta.SubjectRefs.Set("order_id", d.no)
	}
	return e
}

// adjustment is one count document with the document's losses and finds.
func (d *document) adjustment() schemas.Event {
	moved := d.of(func(c Class) bool { return c == Loss || c == Found })
	e := &schemas.InventoryAdjusted{
		Meta:         d.meta("inventory.adjusted", "count", d.no, "adjusted", "adjustment_id", d.no),
		AdjustmentID: d.no, Lines: make([]schemas.AdjustmentLine, len(moved)),
	}
	for i, l := range moved {
		e.Lines[i] = schemas.AdjustmentLine{LineID: l.id, Stock: stock(l.sku), Quantity: pieces(l.qty), Reason: adjustmentReason(l)}
	}
	return e
}

// adjustmentReason reads the note that the warehouse left in the description; every loss posts alike.
func adjustmentReason(l *line) schemas.AdjustmentReason {
	if l.class == Found {
		return schemas.AdjustmentReasonFOUND
	}
	note := strings.ToLower(l.note)
	for _, word := range []string{"damag", "wet", "broken", "crush", "crack", "smash", "mould", "rust", "faulty", "thrown", "throw away", "unsaleable"} {
		if strings.Contains(note, word) {
			return schemas.AdjustmentReasonDAMAGE
		}
	}
	return schemas.AdjustmentReasonCOUNT
}
