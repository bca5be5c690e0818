package export

import "github.com/throughline/throughline/schemas"

// posting is one amount as hledger and beancount write it: functional units that cost a total in the transaction currency. A total has no sign of its own, it takes
// that of the units, and none where they are zero.
type posting struct {
	units schemas.Decimal
	cost  schemas.Decimal
	costs bool // "@@ cost": the currencies or the amounts differ
}

var smallest = schemas.NewDecimal(1, amountScale)

// postingsOf writes a leg such that its units sum to amount_fn and its costs to amount_txn, exactly. One posting says most; two are needed where the signs differ
// or nothing functional moves, as when a batch takes one currency for another.
func postingsOf(l *schemas.JournalLine, functional string) []posting {
	sign := l.AmountTxn.Sign()
	switch {
	case l.Currency == functional && l.AmountTxn.Equal(l.AmountFn):
		return []posting{{units: l.AmountFn}}
	case sign == 0 || sign == l.AmountFn.Sign():
		return []posting{{l.AmountFn, l.AmountTxn.Abs(), true}}
	}
	carrier := smallest
	if sign < 0 {
		carrier = smallest.Neg()
	}
	return []posting{{carrier, l.AmountTxn.Abs(), true}, {l.AmountFn.Sub(carrier), schemas.NewDecimal(0, amountScale), true}}
}
