package onlineretail

import (
	"errors"
	"strings"
)

// Class is what a row means for the books: one line of the table in domain.md §5.1.
type Class uint8

// The classes; credit rows (C…) have their own, because they become other events.
const (
	WriteOff         Class = iota // bad debt, A… invoices
	Freight                       // POST, DOT, C2
	FreightCredit                 //
	DiscountCredit                // D
	Manual                        // M
	ManualCredit                  //
	MarketplaceFee                // AMAZONFEE, billed (a refund of fees) or credited
	BankChargeBilled              // BANK CHARGES on a customer's invoice
	BankCharge                    // BANK CHARGES, ours
	Commission                    // CRUK
	Sample                        // S
	SampleCredit                  //
	GiftCard                      // gift_0001_xx with a price
	GiftCardUnpriced              // nothing to sell: no event
	Merchandise                   // goods sold
	FreeGoods                     // goods sold for nothing
	Return                        // goods cancelled or returned
	Loss                          // no price, negative: damaged, missing, counted short
	Found                         // no price, positive, sold to nobody
	Unpriced                      // no price on a service code: a charge of zero
	classes
)

var classNames = [classes]string{"write-off", "freight", "freight credit", "discount credit", "manual", "manual credit", "marketplace fee",
	"bank charge billed", "bank charge", "commission", "sample", "sample credit", "gift card", "gift card without price", "merchandise",
	"free goods", "return", "loss", "found", "charge without price"}

func (c Class) String() string { return classNames[c] }

// service is a stock code that stands for no goods: what its rows are on an invoice and on a credit note (noClass: the file has none),
// and the charge_code of the line they become.
type service struct {
	billed, credited Class
	charge           string
}

const noClass = classes

var services = map[string]service{
	"POST":         {Freight, FreightCredit, "FREIGHT"},
	"DOT":          {Freight, FreightCredit, "FREIGHT"},
	"C2":           {Freight, FreightCredit, "FREIGHT"},
	"D":            {noClass, DiscountCredit, "DISCOUNT"},
	"M":            {Manual, ManualCredit, "MANUAL"},
	"AMAZONFEE":    {MarketplaceFee, MarketplaceFee, ""},
	"BANK CHARGES": {BankChargeBilled, BankCharge, "BANK_CHARGE"},
	"CRUK":         {noClass, Commission, ""},
	"S":            {Sample, SampleCredit, "SAMPLE"},
}

const giftPrefix = "GIFT_0001"

var errNoClass = errors.New("no class of domain.md §5.1 holds such a row: leave it out, or give it a class in onlineretail/class.go")

// classify tests in the order of domain.md §5.1: A-invoices, service codes, gift codes, zero price, merchandise. sold says that the
// invoice was a sale: it names a customer, or one of its rows has a price.
func classify(r *Row, sku string, sold bool) (Class, error) {
	if r.InvoiceNo[0] == 'A' {
		return WriteOff, nil // the one class with negative prices
	}
	credit, free := r.InvoiceNo[0] == 'C', r.UnitPrice.IsZero()
	class := noClass
	if s, ok := services[sku]; ok {
		class = serviceClass(s, r, credit, free)
	} else if strings.HasPrefix(sku, giftPrefix) {
		class = giftClass(r, credit, free)
	} else {
		class = goodsClass(r, credit, free, sold)
	}
	if class == noClass || r.UnitPrice.Sign() < 0 || r.Quantity == 0 {
		return noClass, errNoClass
	}
	return class, nil
}

func serviceClass(s service, r *Row, credit, free bool) Class {
	switch {
	case credit != (r.Quantity < 0):
		return noClass
	case free && s.charge != "":
		return Unpriced
	case credit:
		return s.credited
	}
	return s.billed
}

func giftClass(r *Row, credit, free bool) Class {
	switch {
	case credit || r.Quantity < 0: // a voucher taken back is another event
		return noClass
	case free:
		return GiftCardUnpriced
	}
	return GiftCard
}

func goodsClass(r *Row, credit, free, sold bool) Class {
	switch {
	case credit && (free || r.Quantity > 0), !credit && !free && r.Quantity < 0:
		return noClass
	case credit:
		return Return
	case free && r.Quantity < 0:
		return Loss
	case free && sold:
		return FreeGoods
	case free:
		return Found
	}
	return Merchandise
}

// goods says that the class moves stock.
func (c Class) goods() bool { return c >= Merchandise && c <= Found }

// shipped says that a line of the class is ordered, shipped and invoiced.
func (c Class) shipped() bool { return c == Merchandise || c == FreeGoods }

// charge says that a row of the class is a CHARGE line of an invoice or credit note.
func (c Class) charge() bool {
	switch c {
	case Freight, FreightCredit, DiscountCredit, Manual, ManualCredit, BankChargeBilled, Sample, SampleCredit, Unpriced:
		return true
	}
	return false
}

// alone says that each row of the class is an event of its own, and on no invoice or credit note.
func (c Class) alone() bool {
	switch c {
	case WriteOff, MarketplaceFee, BankCharge, Commission, GiftCard:
		return true
	}
	return false
}
