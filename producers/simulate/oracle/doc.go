// Package oracle is the second calculation: from what the systems of a simulated company said, in the order in which it happened, it
// works out what the books and shelves must show at the end.
//
// Expect is the function that matters, Expected its answer. It is told the story in order and once, so it needs none of what makes the
// pipeline hard: no envelopes, holds, duplicates, rule versions or stamped fields. It reads the event structs and uses nothing else of
// Throughline: allocation, rounding, dates and sums are its own, over big.Rat, and slow on purpose. The rules are those
// of domain.md §2.3, §2.5 and §3.2. What it does not know is an error, never a guess.
//
// Do not share code with it: a mistake that both sides make is one that nobody finds.
package oracle
