package kafka

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Config says what to start. The zero value is one node on a free port in a directory that Close removes.
type Config struct {
	// Nodes is 1 or 3; 0 means 1.
	Nodes int
	// Dir keeps the nodes' data and logs. Empty means a temporary directory that Close removes; a directory that was used
	// before is found again, with the same number of nodes.
	Dir string
	// Ports are the nodes' client ports, one each. Empty means free ones.
	Ports []int
	// HeapMB bounds each node's heap; 0 means 512.
	HeapMB int
	// Users maps user to password. When set, every node also listens with SASL/SCRAM (-256 and -512): SASLAddrs.
	Users map[string]string
	// TLS makes the SASL listener speak TLS.
	TLS bool
	// MutualTLS adds a listener that knows its clients by certificate: MutualTLSAddrs. A client's principal is User:<name>,
	// name being what ClientTLS was given.
	MutualTLS bool
	// ACLs turns Kafka's authorizer on: everything that no ACL allows is denied, but for Superusers and for the listener of
	// Addrs, which is the administrator's way in.
	ACLs bool
	// Superusers are names of users or certificates that no ACL binds.
	Superusers []string
	// ExtraProperties go into server.properties after ours and win over them.
	ExtraProperties map[string]string
}

// maxBatchBytes is what a node takes per batch: dead letters reach 10 MiB (architecture.md §5), plus the batch around them.
const maxBatchBytes = 10<<20 + 64<<10

func (c Config) validate() error {
	if c.Nodes != 1 && c.Nodes != 3 {
		return fmt.Errorf("a cluster of %d nodes: give 1 or 3", c.Nodes)
	}
	if len(c.Ports) != 0 && len(c.Ports) != c.Nodes {
		return fmt.Errorf("%d ports for %d nodes: give one port for each node, or none", len(c.Ports), c.Nodes)
	}
	return nil
}

// listener is one way into a node.
type listener struct {
	name, protocol string
	port           int
}

// Listener names, as they appear in server.properties.
const (
	plainListener      = "PLAIN"
	controllerListener = "CONTROLLER"
	saslListener       = "SASL"
	mutualListener     = "MTLS"
)

// layout is where one node listens and keeps its data.
type layout struct {
	id        int
	dir       string
	listeners []listener
}

func (l layout) addr(name string) string {
	for _, x := range l.listeners {
		if x.name == name {
			return net.JoinHostPort("127.0.0.1", strconv.Itoa(x.port))
		}
	}
	return ""
}

func (c Config) listenerKinds() []listener {
	kinds := []listener{{name: plainListener, protocol: "PLAINTEXT"}, {name: controllerListener, protocol: "PLAINTEXT"}}
	if len(c.Users) > 0 {
		protocol := "SASL_PLAINTEXT"
		if c.TLS {
			protocol = "SASL_SSL"
		}
		kinds = append(kinds, listener{name: saslListener, protocol: protocol})
	}
	if c.MutualTLS {
		kinds = append(kinds, listener{name: mutualListener, protocol: "SSL"})
	}
	return kinds
}

// properties is one node's server.properties.
func (c Config) properties(node layout, all []layout, certs string) map[string]string {
	p := c.limits()
	maps.Copy(p, quorum(node, all))
	if certs != "" {
		maps.Copy(p, tlsProperties(certs))
	}
	if len(c.Users) > 0 {
		const module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		p["listener.name.sasl.sasl.enabled.mechanisms"] = "SCRAM-SHA-256,SCRAM-SHA-512"
		p["listener.name.sasl.scram-sha-256.sasl.jaas.config"] = module
		p["listener.name.sasl.scram-sha-512.sasl.jaas.config"] = module
	}
	if c.ACLs {
		super := []string{"User:ANONYMOUS"} // the listener of Addrs, over which the nodes also speak to one another
		for _, name := range c.Superusers {
			super = append(super, "User:"+name)
		}
		p["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
		p["super.users"] = strings.Join(super, ";")
	}
	maps.Copy(p, c.ExtraProperties)
	return p
}

func quorum(node layout, all []layout) map[string]string {
	var voters, listeners, advertised, protocols []string
	for _, n := range all {
		voters = append(voters, fmt.Sprintf("%d@%s", n.id, n.addr(controllerListener)))
	}
	for _, l := range node.listeners {
		at := l.name + "://" + node.addr(l.name)
		listeners = append(listeners, at)
		if l.name != controllerListener {
			advertised = append(advertised, at)
		}
		protocols = append(protocols, l.name+":"+l.protocol)
	}
	return map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        strconv.Itoa(node.id),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"controller.listener.names":      controllerListener,
		"inter.broker.listener.name":     plainListener,
		"listeners":                      strings.Join(listeners, ","),
		"advertised.listeners":           strings.Join(advertised, ","),
		"listener.security.protocol.map": strings.Join(protocols, ","),
		"log.dirs":                       node.dir + "/data",
	}
}

// limits are settings for tests and single machines: as durable as the number of nodes allows, small internal topics (each
// of their partitions costs a file and a load at start), no waiting where a test would wait.
func (c Config) limits() map[string]string {
	const never = "2147483647"
	replicas, insync := strconv.Itoa(c.Nodes), strconv.Itoa(min(c.Nodes, 2))
	return map[string]string{
		"auto.create.topics.enable":                        "false",
		"default.replication.factor":                       replicas,
		"min.insync.replicas":                              insync,
		"unclean.leader.election.enable":                   "false",
		"message.max.bytes":                                strconv.Itoa(maxBatchBytes),
		"replica.fetch.max.bytes":                          strconv.Itoa(maxBatchBytes),
		"offsets.retention.minutes":                        never,
		"transactional.id.expiration.ms":                   never,
		"offsets.topic.num.partitions":                     "4",
		"offsets.topic.replication.factor":                 replicas,
		"transaction.state.log.num.partitions":             "4",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    insync,
		"share.coordinator.state.topic.num.partitions":     "1",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            insync,
		"group.initial.rebalance.delay.ms":                 "0",
		// A killed node is noticed and a clean stop is done within seconds.
		"broker.session.timeout.ms":         "3000",
		"broker.heartbeat.interval.ms":      "500",
		"replica.lag.time.max.ms":           "5000",
		"controlled.shutdown.enable":        "true",
		"num.recovery.threads.per.data.dir": "2",
	}
}

// render writes properties in Java's format, sorted so that two runs can be compared.
func render(p map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", k, strings.ReplaceAll(p[k], "\\", "\\\\"))
	}
	return b.String()
}

// clusterID is a random UUID as Kafka writes it: never with a dash in front, which its tools would take for an option.
func clusterID() string {
	for {
		var id [16]byte
		_, _ = rand.Read(id[:]) // never fails
		if text := base64.RawURLEncoding.EncodeToString(id[:]); text[0] != '-' {
			return text
		}
	}
}
