// Package export writes the journal of one legal entity for those who keep books elsewhere: CSV, Parquet, hledger and beancount.
//
// The two types that matter are Selection, which entries are wanted, and Writer, a format that takes them one by one. Entries come from FromClickHouse (the view
// journal_lines, by date) or FromKafka (the topic finance.journal, partition after partition); both give each entry once, whole and balanced, and both give the
// same entries in the same order every time.
//
// Detail carries four decimals and is exact. Only a Summary rounds, per account, with the remainder on 7900 (domain.md §2.5, rule 4), and nothing is ever written
// back.
//
// An export is good or it is not there: whatever fails, fails before Close has returned, and the caller throws away what was written.
package export
