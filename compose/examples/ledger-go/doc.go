// Command ledger-go keeps a general ledger in SQLite from the journal, exactly once. It is an example to read and to begin from: main.go is all of it.
//
// Exactly once needs no more than this: entries and the offsets behind them are written in one SQLite transaction, and reading resumes from those offsets, whatever
// Kafka's group thinks. A crash before the commit repeats the batch, a crash after it does not. An entry id that the ledger has is left out, so that even two
// processes that hold a partition at once, or a record that somebody copied, change nothing.
//
//	go run ./compose/examples/ledger-go -brokers 127.0.0.1:9092 -registry http://127.0.0.1:8081 -db ledger.db
package main
