package schemas

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hamba/avro/v2"
)

// Example is an event of that type with every optional field, array and map filled: the same one every time, and one that its own amounts agree with. nil where the type is
// not in the catalog.
func Example(eventType string) Event {
	e, ok := NewEvent(eventType)
	if !ok {
		return nil
	}
	schema, err := ownSchema(e.Subject())
	if err != nil {
		return nil
	}
	x := exampler{eventType: eventType}
	if fillFromJSON(e, x.value(schema, "", 0)) != nil {
		return nil // TestExamples shows that it never is
	}
	return e
}

// exampler makes a value, in the JSON form, for every field of a schema.
type exampler struct{ eventType string }

// exampleDecimals are amounts that agree: 2 pieces at 50.00, 10.00 off, 5.00 freight, 8 % tax, cost 14.125 each.
var exampleDecimals = map[string]string{
	"DisputeTaxRelief.amount": "3.80",
	"gross":                   "100.00", "net": "90.00", "freight_net": "5.00", "freight": "5.00", "total": "102.60", "base": "95.00", "rate": "0.08", "tax": "7.60",
	"discount": "10.00", "qty": "2", "base_qty": "2", "ordered_qty": "2", "qty_before": "0", "qty_this": "2", "unit_price": "50.00", "unit_cost": "14.125",
	"cost_amount": "28.25", "weight": "1.25", "reserved_consumed": "2", "demand_consumed": "0", "fx_rate": "1.25",
	"RevaluedLine.on_hand": "2", "old_unit_cost": "14.125", "new_unit_cost": "15.125", "RevaluedLine.amount": "2", "BilledShipment.amount": "51.30",
	"TaxAmount.amount": "7.60", "PaymentSettled.fee": "2.60", "PaymentSettled.net": "100.00", "Discount.amount": "10.00", "Fx.rate": "1.25", "ReferenceRate.rate": "1.25",
}

// exampleTexts are strings with a form of their own.
var exampleTexts = map[string]string{
	"legal_entity": "UK", "occurred_tz_offset": "+01:00", "period": "2011-03", "original_period": "2011-02", "uom": "EA", "base_uom": "EA",
	"currency": "EUR", "functional_currency": "GBP", "txn_currency": "EUR", "base": "EUR", "quote": "GBP", "ship_to_country": "GB", "gtin": "00012345600012",
	"sscc": "106141412345678908", "zone": "Europe/London", "rule_set": "2011-1", "standing_rule_set": "2011-1", "channel": "web", "corrected_event_type": "shipment.shipped",
	"cause_type": "shipment.shipped", "subject_event_type": "shipment.shipped", "dead_event_type": "shipment.shipped", "account": "1150", "ledger": "PRIMARY",
	"traceparent":  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	"payload_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

// exampleSymbols are choices that the first symbol would not agree with.
var exampleSymbols = map[string]string{"StatusLine.to_status": "QUALITY", "GiftCardRevoked.settles": "CREDIT_MEMO", "DisputeLost.settles": "LOSS"}

// exampleTextsOf are strings that agree with others of one event only.
var exampleTextsOf = map[string]map[string]string{
	"payment.capture_failed":        {"corrected_event_type": "payment.captured"},
	"refund.failed":                 {"corrected_event_type": "refund.issued"},
	"inventory.transfer_dispatched": {"location": "DC-1", "from_location": "DC-1", "to_location": "DC-2"},
	"inventory.transfer_received":   {"location": "DC-2", "to_location": "DC-2"},
}

func (x exampler) value(schema avro.Schema, path string, i int) any {
	switch s := deref(schema).(type) {
	case *avro.UnionSchema:
		return x.value(s.Types()[1], path, i)
	case *avro.RecordSchema:
		obj := map[string]any{}
		for _, f := range s.Fields() {
			obj[f.Name()] = x.value(f.Type(), s.Name()+"."+f.Name(), i)
		}
		return obj
	case *avro.ArraySchema:
		items := []any{x.value(s.Items(), path, 0)}
		if path != "LineAmounts.discounts" && path != "LineAmounts.taxes" {
			items = append(items, x.value(s.Items(), path, 1))
		}
		return items
	case *avro.MapSchema:
		return map[string]any{"order_id": "ORDER-1", "shipment_id": "SHIPMENT-1"}
	case *avro.EnumSchema:
		return cmp.Or(exampleSymbols[path], s.Symbols()[0])
	case *avro.PrimitiveSchema:
		return x.scalar(s, path, i)
	}
	return nil
}

func (x exampler) scalar(s *avro.PrimitiveSchema, path string, i int) any {
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch logicalOf(s) {
	case avro.Decimal:
		return exampleDecimal(path, name, i)
	case avro.UUID:
		return NamedID("example", x.eventType, path).String()
	case avro.TimestampMicros:
		return "2011-03-01T09:30:00.123456Z"
	case avro.Date:
		return "2011-03-01"
	}
	switch s.Type() {
	case avro.Boolean:
		return true
	case avro.Int, avro.Long:
		return json.Number(strconv.Itoa(i + 1))
	case avro.Bytes:
		return base64.StdEncoding.EncodeToString([]byte("\x01example of " + name))
	}
	return x.text(name, i)
}

func exampleDecimal(path, name string, i int) string {
	text, ok := exampleDecimals[path]
	if !ok {
		if text, ok = exampleDecimals[name]; !ok {
			text = "102.60"
		}
	}
	if i == 1 && (name == "amount_txn" || name == "amount_fn") {
		return "-" + text // the second leg balances the first
	}
	return text
}

func (x exampler) text(name string, i int) string {
	if name == "event_type" {
		return x.eventType
	}
	if text, ok := exampleTextsOf[x.eventType][name]; ok {
		return text
	}
	if text, ok := exampleTexts[name]; ok {
		return text
	}
	if id, isID := strings.CutSuffix(name, "_id"); isID {
		name = strings.ToUpper(id)
	}
	return fmt.Sprintf("%s-%s", strings.ReplaceAll(name, "_", "-"), strconv.Itoa(i+1))
}
