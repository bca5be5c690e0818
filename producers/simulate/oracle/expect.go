package oracle

import (
	"fmt"
	"iter"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// Expected is the outcome of a story.
type Expected struct {
	Balances   map[string]schemas.Decimal            // account → functional amount, Dr +; every account that was ever touched
	Periods    map[string]map[string]schemas.Decimal // period, 2026-01 → account → movement of that period
	Currencies map[string]map[string]schemas.Decimal // account → currency → transaction amount
	Open       map[Item]schemas.Decimal              // what stands on control accounts and 2200, by key, in its transaction currency; zeros left out
	Positions  map[Shelf]Position                    // every shelf that was ever touched
	Lines      map[Line]Units                        // every goods line of an order; Add leaves them out
	Events     map[string]int64                      // event type → how many
}

// Item is one open item of a control account. The key is the order, order line, payment, batch, payout, dispute or card.
type Item struct{ Account, Key, Currency string }

// Shelf is one item at one place.
type Shelf struct{ SKU, Location string }

// Position is the stock on one shelf, in base units.
type Position struct {
	OnHand, Unavailable, Reserved, OpenDemand, Inbound, InboundReturns, SafetyStock schemas.Decimal
}

// story is what the oracle remembers while it listens.
type story struct {
	costs        map[string][]cost
	rates        map[string][]rate
	voided       map[schemas.UUID]*undo
	orders       map[string]*order
	lots         map[string]*lot // shipment line → what it was worth
	parcels      map[string]*parcel
	accrued      map[string]*big.Rat // shipment → label price that no carrier has billed
	dispatched   map[string]*big.Rat // dispatch and line → unit cost
	invoiceRate  map[string]*big.Rat
	memoRate     map[string]*big.Rat
	reservations map[string]Shelf    // reservation and line → where the stock is
	creditCost   map[string]*big.Rat // credit memo and line → unit cost
	receiptCost  map[string]*big.Rat // return receipt and line → unit cost
	coming       map[string]*coming  // document and line → what is still to come of it
	ledger       ledger
	shelves      map[Shelf]map[string]*big.Rat
	lines        map[Line]map[string]*big.Rat
	counts       map[string]int64
}

type cost struct {
	from schemas.Date
	unit *big.Rat
}

type rate struct {
	on   schemas.Date
	rate *big.Rat
}

// undo keeps what a voided event did until the void takes it back.
type undo struct {
	legs  []leg
	moves []move
	back  []func() // what it let the story remember
}

// Expect works out the outcome of a story. events is run through twice and must be in the order in which things happened.
func Expect(reference []schemas.Event, events iter.Seq[schemas.Event]) (Expected, error) {
	s := &story{costs: map[string][]cost{}, rates: map[string][]rate{}, voided: map[schemas.UUID]*undo{}, orders: map[string]*order{},
		lots: map[string]*lot{}, parcels: map[string]*parcel{}, accrued: map[string]*big.Rat{}, dispatched: map[string]*big.Rat{}, invoiceRate: map[string]*big.Rat{}, memoRate: map[string]*big.Rat{}, reservations: map[string]Shelf{}, creditCost: map[string]*big.Rat{},
		receiptCost: map[string]*big.Rat{}, coming: map[string]*coming{}, shelves: map[Shelf]map[string]*big.Rat{}, lines: map[Line]map[string]*big.Rat{}, counts: map[string]int64{}}
	for _, e := range reference {
		switch x := e.(type) {
		case *schemas.ReferenceItem:
			s.costs[x.SKU] = append(s.costs[x.SKU], cost{x.EffectiveFrom, num(x.UnitCost)})
		case *schemas.ReferenceRate:
			s.rates[x.Base] = append(s.rates[x.Base], rate{x.RateDate, num(x.Rate)})
		}
	}
	for e := range events {
		if c := e.Header().Correction; c != nil {
			s.voided[c.CorrectedEventID] = &undo{}
		}
	}
	for e := range events {
		s.counts[e.EventType()]++
		s.count(e)
		if err := s.hear(e); err != nil {
			return Expected{}, fmt.Errorf("%s %s: %w", e.EventType(), e.Header().EventID, err)
		}
	}
	return s.outcome()
}

// hear lets one event happen.
func (s *story) hear(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.FulfillmentPicked, *schemas.FulfillmentPacked, *schemas.FulfillmentReleased, *schemas.FulfillmentStopConfirmed, *schemas.FulfillmentStopRejected,
		*schemas.CancellationRequested, *schemas.OrderClosed, *schemas.ShipmentDeliveryFailed, *schemas.PaymentAuthorized, *schemas.PaymentVoided,
		*schemas.InventorySnapshotTaken:
		return nil // neither money nor stock
	case *schemas.EventVoided, *schemas.ShipmentVoided, *schemas.RefundFailed:
		return s.void(e.Header())
	case *schemas.PaymentCaptureFailed:
		if x.Meta.Correction == nil {
			return nil // it was never booked
		}
		return s.void(&x.Meta)
	case *schemas.OrderAccepted:
		return s.accepted(x)
	case *schemas.OrderChanged:
		return s.changed(x)
	case *schemas.OrderLineCancelled:
		return s.cancelled(x)
	case *schemas.InventoryReceived:
		return s.received(x)
	case *schemas.InventoryAdjusted:
		return s.adjusted(x)
	case *schemas.InventoryReserved:
		return s.reserved(x)
	case *schemas.InventoryReservationReleased:
		return s.released(x)
	case *schemas.FulfillmentShortShipped:
		return s.short(x)
	case *schemas.ShipmentShipped:
		return s.shipped(x)
	case *schemas.InvoiceIssued:
		return s.invoiced(x)
	case *schemas.CreditMemoIssued:
		return s.credited(x)
	case *schemas.ReturnReceived:
		return s.returned(x)
	case *schemas.ReturnDispositioned:
		return s.dispositioned(x)
	}
	return s.hearMoves(e)
}

// void takes back exactly what the original did, on the void's own date.
func (s *story) void(m *schemas.Meta) error {
	original := s.voided[m.Correction.CorrectedEventID]
	month := period(m)
	for _, l := range original.legs {
		l.amount, l.functional = neg(l.amount), neg(l.functional)
		s.ledger.add(month, l)
	}
	for _, m := range original.moves {
		s.shift(m.shelf, m.bucket, neg(m.qty))
	}
	for _, forget := range original.back {
		forget()
	}
	*original = undo{}
	return nil
}

// onVoid has something done should the event be voided.
func (s *story) onVoid(m *schemas.Meta, do func()) {
	if u := s.voided[m.EventID]; u != nil {
		u.back = append(u.back, do)
	}
}

// outcome writes the sums down.
func (s *story) outcome() (Expected, error) {
	out := Expected{Balances: map[string]schemas.Decimal{}, Periods: map[string]map[string]schemas.Decimal{},
		Currencies: map[string]map[string]schemas.Decimal{}, Open: map[Item]schemas.Decimal{}, Positions: map[Shelf]Position{}, Lines: map[Line]Units{}, Events: s.counts}
	var w writer
	for account, months := range s.ledger.months {
		total := new(big.Rat)
		for month, sum := range months {
			total.Add(total, sum)
			if out.Periods[month] == nil {
				out.Periods[month] = map[string]schemas.Decimal{}
			}
			out.Periods[month][account] = w.decimal(sum, 4)
		}
		out.Balances[account] = w.decimal(total, 4)
	}
	for account, currencies := range s.ledger.currencies {
		out.Currencies[account] = map[string]schemas.Decimal{}
		for currency, sum := range currencies {
			out.Currencies[account][currency] = w.decimal(sum, 4)
		}
	}
	for item, sum := range s.ledger.open {
		if sum.Sign() != 0 {
			out.Open[item] = w.decimal(sum, 4)
		}
	}
	for shelf, buckets := range s.shelves {
		out.Positions[shelf] = Position{OnHand: w.decimal(buckets[onHand], 6), Unavailable: w.decimal(buckets[unavailable], 6),
			Reserved: w.decimal(buckets[reserved], 6), OpenDemand: w.decimal(buckets[openDemand], 6),
			Inbound: w.decimal(buckets[inbound], 6), InboundReturns: w.decimal(buckets[returning], 6),
			SafetyStock: w.decimal(buckets[safetyStock], 6)}
	}
	for line, tallies := range s.lines {
		out.Lines[line] = w.units(tallies)
	}
	return out, w.err
}
