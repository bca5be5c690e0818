// Package onlineretail turns the rows of UCI "Online Retail" (541,909 invoice lines of a UK giftware shop) into intake events, by the
// class rules of domain.md §5.1.
//
// The two types that matter are Row, one line of the file, and Dataset, all rows grouped into documents and classed, from which
// Reference and Events follow. Open reads .xlsx, .csv and the .tar.gz of daily .csv files; Convert is pure; Load is both and publishes.
//
// Two passes are needed, because the cost of a SKU and its opening stock follow from all its rows: so the rows stay in memory (about
// 100 bytes each), and a bad row stops everything before the first event is sent.
package onlineretail
