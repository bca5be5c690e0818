// Command kafka runs Apache Kafka on loopback without Docker until it is interrupted, and prints where it listens.
package main
