package oracle

import (
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// coming is what a document lets expect at a shelf and has not come.
type coming struct {
	shelf Shelf
	left  *big.Rat
}

func (s *story) expect(m *schemas.Meta, line string, stock schemas.StockRef, qty *big.Rat) {
	s.coming[line] = &coming{shelfOf(stock), qty}
	s.move(m, shelfOf(stock), inbound, qty)
}

// arrive takes off what was expected as much as is left of it.
func (s *story) arrive(m *schemas.Meta, line string, qty *big.Rat) {
	c := s.coming[line]
	if c == nil {
		return
	}
	if qty.Cmp(c.left) > 0 {
		qty = c.left
	}
	c.left = minus(c.left, qty)
	s.move(m, c.shelf, inbound, neg(qty))
}

func (s *story) authorised(x *schemas.ReturnAuthorised) {
	for _, l := range x.Lines {
		s.expect(&x.Meta, x.RMAID+"/"+l.LineID, l.Stock, num(l.Quantity.BaseQty))
	}
}
