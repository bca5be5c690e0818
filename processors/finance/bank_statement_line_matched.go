package finance

import "github.com/throughline/throughline/schemas"

// bankStatementLineMatched books money on the statement: 1000 against 1060 by what it was matched with (domain.md §2.3). 1060
// is cleared at the rate that it was booked at, 1000 takes the bank's; 7000 takes the difference (§2.5 rule 5).
func bankStatementLineMatched(d *draft, x *schemas.BankStatementLineMatched) error {
	if err := d.openTwo(x.Amount.Currency, x.FX, x.BookedFX, "booked_fx"); err != nil {
		return err
	}
	var kind string
	switch x.Matched {
	case schemas.MatchedKindPAYOUT:
		kind = "payout"
	case schemas.MatchedKindPAYMENT:
		kind = "payment"
	case schemas.MatchedKindREFUND:
		kind = "refund"
	case schemas.MatchedKindREMITTANCE:
		kind = "remittance"
	default:
		return unmapped("matched")
	}
	d.about("bank_account", x.BankAccount, "bank_line_id", x.LineID, "order_id", x.OrderID)
	d.dimensions.Set(kind+"_id", x.MatchedID)
	d.moneyAt(either(x.FX, x.BookedFX), bank, d.named("bank", x.BankAccount), x.Amount.Amount, nil)
	d.moneyAt(either(x.BookedFX, x.FX), bankClearing, d.named(kind, x.MatchedID), x.Amount.Amount.Neg(), nil)
	d.exchange()
	return nil
}
