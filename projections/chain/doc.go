// Package chain links the records of each partition of finance.journal into a hash chain, so that a journal that is changed later can be told from the
// one that was read first.
//
// The two functions that matter are Projection, the fold, and Hash with Next, the arithmetic, which whoever checks the chain calls too. A link is
// emitted per transaction and partition: offsets and hashes of the records read in it, and the head up to it. Redelivery adds nothing: offsets that
// were linked are not linked again.
//
// The chain says that nothing was altered, removed or put elsewhere since; it does not say that a record was right when it came. That is what an audit
// is for, which derives every entry again.
package chain
