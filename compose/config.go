package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// Config is everything that can be set. Default is complete; a file and the environment overlay it.
type Config struct {
	Kafka      KafkaConfig      `mapstructure:"kafka" json:"kafka" yaml:"kafka"`
	Registry   RegistryConfig   `mapstructure:"registry" json:"registry" yaml:"registry"`
	ClickHouse ClickHouseConfig `mapstructure:"clickhouse" json:"clickhouse" yaml:"clickhouse"`
	HTTP       HTTPConfig       `mapstructure:"http" json:"http" yaml:"http"`
	Sink       SinkConfig       `mapstructure:"sink" json:"sink" yaml:"sink"`
	Log        LogConfig        `mapstructure:"log" json:"log" yaml:"log"`
	Roles      []string         `mapstructure:"roles" json:"roles" yaml:"roles"`          // empty: all
	Replica    string           `mapstructure:"replica" json:"replica" yaml:"replica"`    // stable per replica; two processes of one role need two names
	DataDir    string           `mapstructure:"data_dir" json:"data_dir" yaml:"data_dir"` // state stores; losing it costs time, not data
}

// KafkaConfig is how to reach the brokers, and how topics are made.
type KafkaConfig struct {
	Brokers     []string      `mapstructure:"brokers" json:"brokers" yaml:"brokers"`
	TLS         TLSConfig     `mapstructure:"tls" json:"tls" yaml:"tls"`
	SASL        SASLConfig    `mapstructure:"sasl" json:"sasl" yaml:"sasl"`
	Insecure    bool          `mapstructure:"insecure" json:"insecure" yaml:"insecure"`          // allow plaintext beyond loopback
	Partitions  int           `mapstructure:"partitions" json:"partitions" yaml:"partitions"`    // of data topics, when migrate makes them
	Replication int           `mapstructure:"replication" json:"replication" yaml:"replication"` // of all topics, when migrate makes them
	Session     time.Duration `mapstructure:"session" json:"session" yaml:"session"`             // group session: a dead replica's work moves after it
	Interval    time.Duration `mapstructure:"interval" json:"interval" yaml:"interval"`          // how long a transaction collects
}

// RegistryConfig is how to reach the schema registry.
type RegistryConfig struct {
	URL          string    `mapstructure:"url" json:"url" yaml:"url"`
	User         string    `mapstructure:"user" json:"user" yaml:"user"`
	Password     Secret    `mapstructure:"password" json:"password" yaml:"password"`
	PasswordFile string    `mapstructure:"password_file" json:"password_file" yaml:"password_file"`
	TLS          TLSConfig `mapstructure:"tls" json:"tls" yaml:"tls"`
}

// ClickHouseConfig is how to reach ClickHouse over HTTP.
type ClickHouseConfig struct {
	Addr         string    `mapstructure:"addr" json:"addr" yaml:"addr"`
	Database     string    `mapstructure:"database" json:"database" yaml:"database"`
	User         string    `mapstructure:"user" json:"user" yaml:"user"`
	Password     Secret    `mapstructure:"password" json:"password" yaml:"password"`
	PasswordFile string    `mapstructure:"password_file" json:"password_file" yaml:"password_file"`
	TLS          TLSConfig `mapstructure:"tls" json:"tls" yaml:"tls"`
}

// HTTPConfig is our own HTTP server: health, readiness, metrics.
type HTTPConfig struct {
	Addr string `mapstructure:"addr" json:"addr" yaml:"addr"` // empty: none
}

// SinkConfig is how the sinks batch.
type SinkConfig struct {
	Rows int           `mapstructure:"rows" json:"rows" yaml:"rows"`
	Wait time.Duration `mapstructure:"wait" json:"wait" yaml:"wait"`
}

// LogConfig is what is logged, and how.
type LogConfig struct {
	Level  string `mapstructure:"level" json:"level" yaml:"level"`    // debug, info, warn, error
	Format string `mapstructure:"format" json:"format" yaml:"format"` // text, json
}

// TLSConfig is transport security; there is no setting that skips verification.
type TLSConfig struct {
	Enabled    bool   `mapstructure:"enabled" json:"enabled" yaml:"enabled"`
	CA         string `mapstructure:"ca" json:"ca" yaml:"ca"`       // PEM file; empty: the system's roots
	Cert       string `mapstructure:"cert" json:"cert" yaml:"cert"` // PEM file, for mTLS
	Key        string `mapstructure:"key" json:"key" yaml:"key"`    // PEM file, for mTLS
	ServerName string `mapstructure:"server_name" json:"server_name" yaml:"server_name"`
}

// SASLConfig is who we are to the brokers.
type SASLConfig struct {
	Mechanism    string `mapstructure:"mechanism" json:"mechanism" yaml:"mechanism"` // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: none
	User         string `mapstructure:"user" json:"user" yaml:"user"`
	Password     Secret `mapstructure:"password" json:"password" yaml:"password"`
	PasswordFile string `mapstructure:"password_file" json:"password_file" yaml:"password_file"`
}

// Secret is a string that shows itself to nobody.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(redacted)"
}

// MarshalText writes the redacted form, in JSON and YAML alike.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Default is the configuration that finds a running `make run`.
func Default() Config {
	return Config{
		Kafka: KafkaConfig{Brokers: []string{"127.0.0.1:9092"}, Partitions: 4, Replication: 1, Session: 30 * time.Second,
			Interval: 100 * time.Millisecond},
		Registry:   RegistryConfig{URL: "http://127.0.0.1:8081"},
		ClickHouse: ClickHouseConfig{Addr: "127.0.0.1:8123", Database: "throughline", User: "default"},
		HTTP:       HTTPConfig{Addr: "127.0.0.1:8080"},
		Sink:       SinkConfig{Rows: 1 << 16, Wait: 500 * time.Millisecond},
		Log:        LogConfig{Level: "info", Format: "text"},
		Replica:    "0",
		DataDir:    ".throughline/state",
	}
}

// Load overlays Default with a file (throughline.yaml in the working directory where path is empty and it is there) and with THROUGHLINE_… variables. A key
// that nobody knows is an error; all errors come at once.
func Load(path string) (Config, error) {
	cfg := Default()
	v := viper.NewWithOptions(viper.ExperimentalBindStruct())
	v.SetEnvPrefix("THROUGHLINE")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AllowEmptyEnv(true) // http.addr and roles say something where they are empty
	v.AutomaticEnv()
	v.SetConfigFile(path)
	if path == "" {
		v.SetConfigFile("throughline.yaml")
	}
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil && (path != "" || !errors.Is(err, fs.ErrNotExist)) {
		return cfg, fmt.Errorf("reading the configuration: %w", err)
	}
	decode := viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(",")))
	if err := v.UnmarshalExact(&cfg, decode); err != nil {
		return cfg, fmt.Errorf("reading the configuration: %w. `throughline config` prints every key", err)
	}
	if err := cfg.readSecrets(); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

func (c *Config) readSecrets() error {
	var all []error
	for _, s := range []struct {
		key, file string
		into      *Secret
	}{
		{"kafka.sasl.password_file", c.Kafka.SASL.PasswordFile, &c.Kafka.SASL.Password},
		{"registry.password_file", c.Registry.PasswordFile, &c.Registry.Password},
		{"clickhouse.password_file", c.ClickHouse.PasswordFile, &c.ClickHouse.Password},
	} {
		if s.file == "" {
			continue
		}
		b, err := os.ReadFile(s.file)
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", s.key, err))
		}
		*s.into = Secret(strings.TrimRight(string(b), "\r\n"))
	}
	return errors.Join(all...)
}

// Validate says all that is wrong, each with the key it stands under.
func (c Config) Validate() error {
	var all []error
	wrong := func(key, format string, args ...any) { all = append(all, fmt.Errorf(key+": "+format, args...)) }
	if len(c.Kafka.Brokers) == 0 {
		wrong("kafka.brokers", "is empty: give host:port of one broker at least")
	}
	for _, b := range c.Kafka.Brokers {
		host, _, err := net.SplitHostPort(b)
		if err != nil {
			wrong("kafka.brokers", "%q is not host:port", b)
		} else if !c.Kafka.TLS.Enabled && !c.Kafka.Insecure && !loopback(host) {
			wrong("kafka.brokers", "%s is not on this machine: set kafka.tls.enabled, or kafka.insecure to talk to it in the clear", b)
		}
	}
	if m := c.Kafka.SASL.Mechanism; m != "" && !slices.Contains([]string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, m) {
		wrong("kafka.sasl.mechanism", "%q is not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", m)
	}
	if c.Kafka.Partitions < 1 || c.Kafka.Replication < 1 {
		wrong("kafka", "partitions and replication are at least 1")
	}
	if c.Kafka.Session < time.Second {
		wrong("kafka.session", "%s is too short: at least a second", c.Kafka.Session)
	}
	if !strings.HasPrefix(c.Registry.URL, "http://") && !strings.HasPrefix(c.Registry.URL, "https://") {
		wrong("registry.url", "%q is no http or https address", c.Registry.URL)
	}
	if u, err := url.Parse(c.Registry.URL); err == nil && u.User != nil {
		wrong("registry.url", "holds a user: set registry.user and registry.password instead, which are never printed")
	}
	for _, r := range c.Roles {
		if !slices.Contains(RoleNames(), r) {
			wrong("roles", "%q is none of %s", r, strings.Join(RoleNames(), ", "))
		}
	}
	if c.Replica == "" || strings.ContainsAny(c.Replica, " /\\") {
		wrong("replica", "%q: give each replica a short name of its own", c.Replica)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		wrong("log.level", "%q is not debug, info, warn or error", c.Log.Level)
	}
	return errors.Join(all...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
