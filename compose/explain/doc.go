// Package explain says why an entry is what it is: the event behind it, the rule and its version, every amount step by step, and what corrected it.
//
// The types that matter are Desk, where one asks, and Explanation, the answer. ClickHouse says where the records stand; they are read from Kafka, and the
// entry is derived again by the rules of this program, so that the answer shows whether what stands is what follows from the event.
//
// Steps repeats the arithmetic of domain.md §2.5 from what admission stamped: slices by cumulative difference, cost at four decimals, functional amounts
// at the rate, and what rounding left on one leg.
package explain
