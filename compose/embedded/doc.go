// Package embedded runs the three servers that Throughline needs inside one program, on their own addresses, so that a
// laptop needs no Docker and a test no set-up. Everything else talks to them as to real servers and cannot tell.
//
//   - Broker is Kafka's protocol in this process (franz-go's kfake), with its data on disk and append time stamped on the way in. Fetches are
//     divided among their partitions, because kfake forgets to say what was aborted where it cuts one off (broker_fetch.go).
//   - Registry is a Confluent-compatible schema registry in this process (franz-go's srfake), with its schemas kept on disk.
//   - ClickHouse is the ClickHouse engine (libchdb, fetched once through npm's client) in a child process, behind the ClickHouse
//     HTTP interface: clickhouse-go, clickhouse-connect, curl and Grafana use it as they use a server.
//
// A program that calls StartClickHouse calls RunEngineIfChild first in main, and a test binary first in TestMain: the child is
// the same executable, started again.
//
// When one of the servers dies, the others go on. ClickHouse has its own process because a crash of the engine, a SIGKILL in a test
// and the engine's memory must not be ours; rows that it acknowledged are there after Restart.
package embedded
