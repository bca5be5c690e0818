package finance

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// statement is one event line of a scenario, read but not understood.
type statement struct {
	t                  *testing.T
	text               string
	system, event, doc string
	facts              facts
	lines              []facts
}

// facts are what a clause says, separated by commas: a name and words.
type facts struct {
	t    *testing.T
	text string
	list [][]string
}

// parse reads "system event.type DOC facts; line; line".
func parse(t *testing.T, text string) *statement {
	t.Helper()
	clauses := strings.Split(text, ";")
	head := strings.Fields(clauses[0])
	if len(head) < 3 {
		t.Fatalf("%q: want who, event and document", text)
	}
	s := &statement{t: t, text: text, system: head[0], event: head[1], doc: head[2]}
	s.facts = parseFacts(t, strings.Join(head[3:], " "))
	for _, clause := range clauses[1:] {
		s.lines = append(s.lines, parseFacts(t, clause))
	}
	return s
}

func parseFacts(t *testing.T, clause string) facts {
	f := facts{t: t, text: clause}
	for part := range strings.SplitSeq(clause, ",") {
		if words := strings.Fields(part); len(words) > 0 {
			f.list = append(f.list, words)
		}
	}
	return f
}

// has says whether a fact of that name is there, with words or without.
func (f facts) has(name string) bool { return f.find(name) != nil }

// find gives the words after a fact's name, nil where there is no such fact.
func (f facts) find(name string) []string {
	for _, words := range f.list {
		if words[0] == name {
			return words[1:]
		}
	}
	return nil
}

// word is the n-th word of a fact, "" where there is none.
func (f facts) word(name string, n int) string {
	if words := f.find(name); n < len(words) {
		return words[n]
	}
	return ""
}

func (f facts) number(name string) schemas.Decimal {
	if w := f.word(name, 0); w != "" {
		return f.decimal(w, 4)
	}
	return noAmount
}

func (f facts) optional(name string) schemas.Opt[schemas.Decimal] {
	if f.has(name) {
		return schemas.Some(f.number(name))
	}
	return schemas.Opt[schemas.Decimal]{}
}

func (f facts) decimal(text string, scale uint8) schemas.Decimal {
	f.t.Helper()
	d, err := schemas.ParseDecimal(text)
	if err != nil {
		f.t.Fatalf("in %q: %v", f.text, err)
	}
	return d.Round(scale, schemas.HalfUp)
}

// money is a fact's amount and currency: "amount 108.53 USD".
func (f facts) money(name string) schemas.Money {
	return schemas.Money{Amount: f.number(name), Currency: f.word(name, 1)}
}

// moneyPointer is money, nil where the fact is absent.
func (f facts) moneyPointer(name string) *schemas.Money {
	if !f.has(name) {
		return nil
	}
	m := f.money(name)
	return &m
}

// rate is "rate EUR 1.10 USD": one of the first is so many of the second.
func (f facts) rate(name string) *schemas.Fx {
	words := f.find(name)
	if words == nil {
		return nil
	}
	if len(words) != 3 {
		f.t.Fatalf("in %q: want %s EUR 1.10 USD", f.text, name)
	}
	return &schemas.Fx{TxnCurrency: words[0], Rate: f.decimal(words[1], 10), FunctionalCurrency: words[2], RateSource: "test"}
}

// goods is a line's "3 × A @ 33.33 at DC1": the clause's first fact.
type goods struct {
	qty, price schemas.Decimal
	sku        string
	location   string
}

func (f facts) goods() goods {
	f.t.Helper()
	words := f.list[0]
	if len(words) < 3 || words[1] != "×" {
		f.t.Fatalf("in %q: want 3 × A", f.text)
	}
	g := goods{qty: f.decimal(words[0], 6), sku: words[2], location: "DC1", price: noAmount}
	for i := 3; i+1 < len(words); i += 2 {
		switch words[i] {
		case "@":
			g.price = f.decimal(words[i+1], 8)
		case "at":
			g.location = words[i+1]
		default:
			f.t.Fatalf("in %q: %s is neither @ nor at", f.text, words[i])
		}
	}
	return g
}

func (g goods) quantity() schemas.Quantity {
	return schemas.Quantity{Qty: g.qty, UOM: "EA", BaseQty: g.qty, BaseUOM: "EA"}
}

func (f facts) stock() schemas.StockRef {
	g := f.goods()
	s := schemas.StockRef{SKU: g.sku, Location: g.location}
	if f.has("consigned") {
		s.Owner = schemas.StockOwnerCONSIGNED
	}
	return s
}

// taxes are a line's "tax 5.13 US-NY", as often as they stand; "tax 5.13 US-NY by-marketplace" is remitted by others, "tax 0.40 US-NY
// on-freight" is freight's.
func (f facts) taxes() (taxes []schemas.TaxAmount) {
	for _, words := range f.list {
		if words[0] != "tax" {
			continue
		}
		tax := schemas.TaxAmount{Amount: f.decimal(words[1], 4), Jurisdiction: words[2], Rate: schemas.NewDecimal(0, 10), Base: noAmount}
		for _, w := range words[3:] {
			switch w {
			case "by-marketplace":
				tax.Remitter = schemas.TaxRemitterMARKETPLACE
			case "on-freight":
				tax.On = schemas.TaxOnFREIGHT
			}
		}
		taxes = append(taxes, tax)
	}
	return taxes
}
