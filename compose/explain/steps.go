package explain

import (
	"fmt"
	"reflect"

	"github.com/throughline/throughline/schemas"
)

// Step is one amount and how it was found.
type Step struct {
	Line    string          `json:"line"`
	What    string          `json:"what"`
	Formula string          `json:"formula"`
	Result  schemas.Decimal `json:"result"`
	Stamped schemas.Decimal `json:"stamped"` // what the record holds; the same, unless something is wrong
}

// Steps repeats the arithmetic of a document's lines: slices (domain.md §2.5 rule 2) and cost (rule 4). It finds lines by their fields, so that a new
// document needs nothing here.
func Steps(e schemas.Event, mode schemas.RoundingMode) (all []Step) {
	v := reflect.ValueOf(e).Elem()
	lines := v.FieldByName("Lines")
	if !lines.IsValid() || lines.Kind() != reflect.Slice {
		return nil
	}
	exponent := uint8(2)
	if c := v.FieldByName("Currency"); c.IsValid() && c.Kind() == reflect.String {
		if n, err := schemas.CurrencyExponent(c.String()); err == nil {
			exponent = n
		}
	}
	for i := range lines.Len() {
		l := lines.Index(i)
		if l.Kind() != reflect.Struct {
			return all
		}
		name := fmt.Sprintf("line %s", text(l, "LineID", "OrderLineID"))
		if b, a := field[schemas.AllocationBasis](l, "Basis"), field[schemas.LineAmounts](l, "Amounts"); b != nil && a != nil {
			all = append(all, sliced(name, a, b, exponent, mode)...)
		}
		q, ok := l.FieldByName("Quantity").Interface, l.FieldByName("Quantity").IsValid()
		if c := field[schemas.CostBasis](l, "Cost"); c != nil && ok {
			if quantity, ok := q().(schemas.Quantity); ok {
				all = append(all, Step{name, "cost", fmt.Sprintf("R4(%s %s × %s), %s cost %s", quantity.BaseQty.Text(), quantity.BaseUOM, c.UnitCost.Text(), c.Method, c.CostVersion),
					quantity.BaseQty.MulRound(c.UnitCost, 4, schemas.HalfUp), c.CostAmount})
			}
		}
	}
	return all
}

// field is a pointer field of a line, nil where it has none of that name and type.
func field[T any](line reflect.Value, name string) *T {
	f := line.FieldByName(name)
	if !f.IsValid() {
		return nil
	}
	p, _ := f.Interface().(*T)
	return p
}

func text(line reflect.Value, names ...string) string {
	for _, n := range names {
		if f := line.FieldByName(n); f.IsValid() && f.Kind() == reflect.String && f.String() != "" {
			return f.String()
		}
	}
	return "?"
}

func sliced(name string, a *schemas.LineAmounts, b *schemas.AllocationBasis, exponent uint8, mode schemas.RoundingMode) (all []Step) {
	tax := schemas.NewDecimal(0, 4)
	for i := range a.Taxes {
		tax = tax.Add(a.Taxes[i].Amount)
	}
	for _, x := range []struct {
		what           string
		total, stamped schemas.Decimal
	}{{"gross", b.Gross, a.Gross}, {"net", b.Net, a.Net}, {"freight", b.Freight, a.FreightNet}, {"tax", b.Tax, tax}} {
		if x.total.IsZero() && x.stamped.IsZero() {
			continue
		}
		t, before, this, of := x.total.Text(), b.QtyBefore.Text(), b.QtyThis.Text(), b.OrderedQty.Text()
		all = append(all, Step{name, x.what, fmt.Sprintf("R(%s × (%s + %s) / %s) − R(%s × %s / %s)", t, before, this, of, t, before, of),
			schemas.Slice(x.total, b.QtyBefore, b.QtyThis, b.OrderedQty, exponent, mode), x.stamped})
	}
	return all
}

// exchanged shows the functional amount of each leg in another currency than the entity's (rule 5): at the entry's rate, or, where the leg clears what
// another event booked or took what rounding left, what was booked.
func exchanged(e *schemas.JournalEntry, mode schemas.RoundingMode) (all []Step) {
	if !e.FXRate.Set {
		return nil
	}
	exponent, err := schemas.CurrencyExponent(e.FunctionalCurrency)
	if err != nil {
		return nil
	}
	for i := range e.Lines {
		l := &e.Lines[i]
		name := fmt.Sprintf("leg %d of %s", l.LineNo, e.RuleID)
		if l.Currency == e.FunctionalCurrency {
			continue
		}
		at := l.AmountTxn.MulRound(e.FXRate.V, exponent, mode)
		formula := fmt.Sprintf("R(%s %s × %s)", l.AmountTxn.Text(), l.Currency, e.FXRate.V.Text())
		if rest := l.AmountFn.Sub(at); !rest.IsZero() {
			formula += fmt.Sprintf(" and %s: what rounding left, or what stood at another rate", rest.Text())
		}
		all = append(all, Step{name, l.Account + " in " + e.FunctionalCurrency, formula, l.AmountFn, l.AmountFn})
	}
	return all
}
