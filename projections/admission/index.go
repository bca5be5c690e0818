package admission

// index finds lines by their ids. A few lines are looked through; of tens of thousands, which one event may have, that would take longer than the watchdog
// waits, and again at every attempt. Lines may be appended between two calls; the first of an id counts.
type index struct {
	at map[string]int
	n  int // lines taken in
}

const lookThrough = 32

// find gives the place of want among n lines, -1 where there is none.
func (x *index) find(n int, id func(int) string, want string) int {
	if n <= lookThrough {
		for i := range n {
			if id(i) == want {
				return i
			}
		}
		return -1
	}
	if x.at == nil {
		x.at = make(map[string]int, n)
	}
	for ; x.n < n; x.n++ {
		if _, known := x.at[id(x.n)]; !known {
			x.at[id(x.n)] = x.n
		}
	}
	if i, ok := x.at[want]; ok {
		return i
	}
	return -1
}
