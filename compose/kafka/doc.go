// Package kafka runs Apache Kafka, one node or three, from its Maven artifacts: for tests against the real thing and for
// people without Docker.
//
// Config says how many nodes, where and with which security; Start gives a Cluster, which can kill and restart its nodes.
// The nodes are Java processes in KRaft mode, broker and controller in one, on loopback. They die with the process that
// started them, whatever kills it. The jars are fetched once through Maven into the user's cache directory.
//
// A machine that lacks Java or Maven, or cannot fetch the jars, gets ErrUnavailable and a sentence that says what to
// install. A node that stops by itself while the cluster starts fails the start with the end of that node's log.
package kafka
