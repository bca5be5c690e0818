package finance

import "github.com/throughline/throughline/schemas"

// giftCardBreakageRecognised books what will never be redeemed as earned: 2200 against 4500 (domain.md §2.3).
func giftCardBreakageRecognised(d *draft, x *schemas.GiftCardBreakageRecognised) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("breakage_id", x.BreakageID)
	d.money(giftCards, d.named("card", x.CardRef), x.Amount.Amount, nil)
	d.money(giftCardBreakage, "", x.Amount.Amount.Neg(), nil)
	return nil
}
