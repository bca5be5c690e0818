package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// journalColumns: one row an entry, its lines in arrays that the view unfolds (domain.md §2.4). Dimensions that people filter by are columns; the
// rest stands in other_dimensions.
func journalColumns() []Column {
	return []Column{
		{"entry_id", chUUID}, {"event_id", chUUID}, {"event_type", chText}, {"rule_id", chText}, {"rule_version", chInt32}, {"n", chInt32}, {"rule_set", chText},
		{"legal_entity", chText}, {"ledger", chText}, {"functional_currency", chText}, {"fx_rate", nullable(chRate)}, {"reverses", nullable(chUUID)},
		{"order_id", chText}, {"shipment_id", chText}, {"invoice_id", chText}, {"payment_id", chText}, {"channel", chText}, {"other_dimensions", chMap},
		{"thread", chText}, {"occurred_at", chTime}, {"recorded_at", chTime}, {"admitted_at", chTime}, {"effective_date", chDate},
		{"period", chText}, {"original_period", chText}, {"late", chBool}, {"source_system", chText}, {"source_doc_type", chText}, {"source_doc_id", chText},
		{"line_no", array(chInt32)}, {"account", array(chText)}, {"amount_txn", array(chMoney)}, {"currency", array(chText)}, {"amount_fn", array(chMoney)},
		{"control_key", array(chText)}, {"order_line_id", array(chText)}, {"sku", array(chText)}, {"location", array(chText)},
		{"tax_jurisdiction", array(chText)}, {"qty", array(nullable(chQty))}, {"uom", array(chText)},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
	}
}

func journalRows(_ context.Context, d schemas.Delivery, b *Block) error {
	e, err := ofType[*schemas.JournalEntry](d)
	if err != nil {
		return err
	}
	m := &e.Meta
	b.UUID(m.EventID)
	b.UUID(m.CausationID.V)
	b.Str(e.CauseType)
	b.Str(e.RuleID)
	b.Int32(e.RuleVersion)
	b.Int32(e.N)
	b.Str(m.RuleSet)
	b.Str(m.LegalEntity)
	b.Str(e.Ledger)
	b.Str(e.FunctionalCurrency)
	b.OptDecimal(e.FXRate)
	b.OptUUID(e.Reverses)
	dimensionCells(b, e)
	b.Str(m.CorrelationID)
	b.Time(m.OccurredAt)
	b.OptTime(m.RecordedAt)
	b.OptTime(m.AdmittedAt)
	b.OptDate(m.EffectiveDate)
	b.Str(m.Period)
	b.Str(m.OriginalPeriod)
	b.Bool(m.Late)
	b.Str(m.Source.System)
	b.Str(m.Source.DocType)
	b.Str(m.Source.DocID)
	lineCells(b, e.Lines)
	positionCells(b, d)
	b.Row(len(e.Lines))
	return nil
}

func dimensionCells(b *Block, e *schemas.JournalEntry) {
	var order, shipment, invoice, payment, channel string
	other := b.pairs[:0]
	for i := range e.Dimensions {
		p := &e.Dimensions[i]
		switch p.Key {
		case "order_id":
			order = p.Value
		case "shipment_id":
			shipment = p.Value
		case "invoice_id":
			invoice = p.Value
		case "payment_id":
			payment = p.Value
		case "channel":
			channel = p.Value
		default:
			other = append(other, *p)
		}
	}
	if order == "" {
		order = orderOf(e.Meta.CorrelationID)
	}
	b.pairs = other
	b.Str(order)
	b.Str(shipment)
	b.Str(invoice)
	b.Str(payment)
	b.Str(channel)
	b.Pairs(other)
}

func lineCells(b *Block, lines []schemas.JournalLine) {
	for i := range lines {
		b.Int32(lines[i].LineNo)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].Account)
	}
	b.End()
	for i := range lines {
		b.Decimal(lines[i].AmountTxn)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].Currency)
	}
	b.End()
	for i := range lines {
		b.Decimal(lines[i].AmountFn)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].ControlKey)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].OrderLineID)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].SKU)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].Location)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].TaxJurisdiction)
	}
	b.End()
	for i := range lines {
		b.OptDecimal(lines[i].Qty)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].UOM)
	}
	b.End()
}
