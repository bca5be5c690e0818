package onlineretail

import (
	"slices"
	"strings"
)

// sales remembers what of each code was sold to each customer and has not come back.
type sales map[saleKey][]openSale

type saleKey struct{ customer, sku string }

type openSale struct {
	no     string
	pieces int64
}

// match remembers the sales of doc, or notes which earlier sales a credit note may belong to: the latest first, until its pieces are
// covered. The file says nothing of it, and 1,221 returned lines match nothing; so it is for tracing only and changes no posting.
func (s sales) match(doc *document) {
	var found []string
	for i := range doc.lines {
		l := &doc.lines[i]
		switch l.class {
		case Merchandise:
			s.add(doc, l)
		case Return:
			orders, _ := s.take(doc, l)
			for _, no := range orders {
				if !slices.Contains(found, no) {
					found = append(found, no)
				}
			}
		}
	}
	doc.matched = strings.Join(found, ",")
}

func (s sales) add(doc *document, l *line) {
	if doc.customer == "" {
		return // 135,080 rows name nobody
	}
	key := saleKey{doc.customer, l.sku}
	s[key] = append(s[key], openSale{doc.no, l.qty})
}

// take gives the sales that the returned line uses up, and how many of its pieces nobody had bought.
func (s sales) take(doc *document, l *line) (orders []string, uncovered int64) {
	key, left := saleKey{doc.customer, l.sku}, -l.qty
	open := s[key]
	for left > 0 && len(open) > 0 {
		last := &open[len(open)-1]
		n := min(left, last.pieces)
		left, last.pieces = left-n, last.pieces-n
		orders = append(orders, last.no)
		if last.pieces == 0 {
			open = open[:len(open)-1]
		}
	}
	if len(orders) > 0 {
		s[key] = open
	}
	return orders, left
}
