// Command bench measures Throughline on the machine it runs on and prints one Markdown table: what, ours, the baseline of the same run, their ratio, the
// goal, and whether it was met. `make bench` runs all of it; --only chooses parts, --quick makes a short run whose numbers are only a hint.
//
// The two types that matter are part, one group of measurements, and system, the whole of Throughline as processes: servers (cmd/dev --servers), ClickHouse
// engine, and every role by itself, so that /proc says what each costs. The roles are this same executable, started again with the hidden argument "role".
//
// A part whose surroundings are missing (Java, the peer program) says so on stderr and in the table; it never counts as met.
package main
