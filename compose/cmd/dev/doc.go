// Command dev runs the whole of Throughline embedded: broker, schema registry and ClickHouse engine on loopback, every role beside them, and, on a fresh
// data folder, a simulated company (or, with DATA, the real Online Retail file) to look at.
//
// dev is the command as a value; story.go plays the company, show.go prints what came of it. The roles are the same as in production and talk to the
// same addresses; only who listens there differs.
package main
