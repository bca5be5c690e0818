package compose

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// stack is docker-compose.yaml as the compose specification's own implementation reads it: unknown keys, wrong types, dangling networks, volumes and
// dependencies are errors.
func stack(t *testing.T) *types.Project {
	t.Helper()
	text, err := os.ReadFile("docker-compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	project, err := loadStack(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func loadStack(ctx context.Context, text []byte) (*types.Project, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	return loader.LoadWithContext(ctx, types.ConfigDetails{WorkingDir: dir, Environment: types.Mapping{},
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "docker-compose.yaml"), Content: text}}})
}

func TestDockerComposeFollowsTheSpecification(t *testing.T) {
	project := stack(t)
	for _, name := range []string{"kafka-1", "kafka-2", "kafka-3", "registry", "clickhouse", "migrate", "prometheus", "grafana"} {
		if _, ok := project.Services[name]; !ok {
			t.Errorf("there is no service %s", name)
		}
	}
	text, _ := os.ReadFile("docker-compose.yaml")
	for _, change := range [][2]string{{"healthcheck:", "healthchek:"}, {"condition: service_healthy", "condition: healthy"}, {"[backbone]", "[backbon]"}} {
		if !bytes.Contains(text, []byte(change[0])) {
			t.Fatalf("%q is not there to be broken", change[0])
		}
		if _, err := loadStack(t.Context(), bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)); err == nil {
			t.Errorf("with %q nothing was found wrong: the check checks nothing", change[1])
		}
	}
}

// Each service says whether it is healthy, or ends; each image is one that can be fetched again; nothing listens beyond this machine.
func TestDockerComposeServices(t *testing.T) {
	project := stack(t)
	for name, s := range project.Services {
		oneShot := s.Restart == types.RestartPolicyNo
		if healthy := s.HealthCheck != nil && len(s.HealthCheck.Test) > 1 && !s.HealthCheck.Disable; healthy == oneShot {
			t.Errorf("%s: a service has a health check or is one-shot (restart: \"no\"): health check %v, one-shot %v", name, healthy, oneShot)
		}
		if _, tag, tagged := strings.Cut(s.Image, ":"); !tagged || strings.HasPrefix(tag, "latest") {
			t.Errorf("%s: image %q names no version", name, s.Image)
		}
		for _, p := range s.Ports {
			if ip := net.ParseIP(p.HostIP); ip == nil || !ip.IsLoopback() {
				t.Errorf("%s: port %s listens on %q, not on loopback", name, p.Published, p.HostIP)
			}
		}
		for dep, on := range s.DependsOn {
			want := types.ServiceConditionHealthy
			if project.Services[dep].Restart == types.RestartPolicyNo {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if on.Condition != want {
				t.Errorf("%s waits for %s to be %s, not %s", name, dep, on.Condition, want)
			}
		}
		checkVolumes(t, project, name, s)
	}
}

func checkVolumes(t *testing.T, project *types.Project, name string, s types.ServiceConfig) {
	t.Helper()
	for _, v := range s.Volumes {
		switch v.Type {
		case types.VolumeTypeVolume:
			if _, ok := project.Volumes[v.Source]; !ok {
				t.Errorf("%s: volume %q is not declared", name, v.Source)
			}
		case types.VolumeTypeBind:
			rel, err := filepath.Rel(project.WorkingDir, v.Source)
			if err != nil || !filepath.IsLocal(rel) {
				t.Errorf("%s: %s is outside compose/", name, v.Source)
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !v.ReadOnly {
				t.Errorf("%s: %s is mounted writable", name, rel)
			}
		default:
			t.Errorf("%s: a %s at %s", name, v.Type, v.Target)
		}
	}
}

// Each role runs in exactly one service, is scraped, and has a disk where it keeps state; each command is a verb.
func TestDockerComposeRunsEveryRole(t *testing.T) {
	project := stack(t)
	var runs []string
	for name, s := range project.Services {
		if s.Build == nil {
			continue
		}
		if file := filepath.Join(s.Build.Context, filepath.FromSlash(s.Build.Dockerfile)); !exists(file) && !exists(s.Build.Dockerfile) {
			t.Errorf("%s: there is no %s", name, s.Build.Dockerfile)
		}
		if len(s.Command) == 0 || !exists(filepath.Join("cmd", "throughline", s.Command[0]+".go")) {
			t.Errorf("%s: %v is no verb", name, s.Command)
		}
		role := s.Environment["THROUGHLINE_ROLES"]
		if role == nil {
			continue
		}
		runs = append(runs, *role)
		if *role != name {
			t.Errorf("service %s runs %s", name, *role)
		}
		keeps := slices.Contains([]string{"intake", "admission", "atp", "chain", "operations"}, *role)
		if disk := len(s.Volumes) == 1 && s.Volumes[0].Target == *s.Environment["THROUGHLINE_DATA_DIR"]; disk != keeps {
			t.Errorf("%s keeps state: %v; it has a volume for it: %v", name, keeps, disk)
		}
	}
	want := RoleNames()
	slices.Sort(runs)
	slices.Sort(want)
	if !slices.Equal(runs, want) {
		t.Errorf("services run %v, the roles are %v", runs, want)
	}
	scraped := scrapeTargets(t)
	for _, role := range want {
		if !slices.Contains(scraped, role+":8080") {
			t.Errorf("prometheus.yml does not scrape %s:8080", role)
		}
	}
	if len(scraped) != len(want) {
		t.Errorf("prometheus.yml scrapes %v, the roles are %v", scraped, want)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// What the services set are settings that exist, and together they make a valid configuration.
func TestDockerComposeSettingsExist(t *testing.T) {
	keys := map[string]bool{}
	for _, k := range configKeys(reflect.TypeFor[Config](), "") {
		keys["THROUGHLINE_"+strings.ToUpper(strings.ReplaceAll(k, ".", "_"))] = true
	}
	for name, s := range stack(t).Services {
		if s.Build == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for k, v := range s.Environment {
				if !keys[k] {
					t.Errorf("%s is no setting", k)
				}
				t.Setenv(k, *v)
			}
			cfg, err := Load("config.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if len(cfg.Kafka.Brokers) != 3 || cfg.Kafka.Replication != 3 || cfg.ClickHouse.Password == "" {
				t.Errorf("the environment does not arrive: %+v", cfg)
			}
		})
	}
}

// configKeys are the keys of all settings, with dots.
func configKeys(t reflect.Type, prefix string) []string {
	var all []string
	for i := range t.NumField() {
		key := prefix + t.Field(i).Tag.Get("mapstructure")
		if ft := t.Field(i).Type; ft.Kind() == reflect.Struct {
			all = append(all, configKeys(ft, key+".")...)
		} else {
			all = append(all, key)
		}
	}
	return all
}

// The sample shows every key, and the value that it has where nothing is set.
func TestSampleConfiguration(t *testing.T) {
	cfg, err := Load("config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if want.Roles == nil {
		want.Roles = []string{}
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("config.yaml says\n%+v\nthe defaults are\n%+v", cfg, want)
	}
	var tree map[string]any
	parseYAML(t, "config.yaml", &tree)
	shown := map[string]bool{}
	leaves(tree, "", shown)
	for _, k := range configKeys(reflect.TypeFor[Config](), "") {
		if !shown[k] {
			t.Errorf("config.yaml lacks %s", k)
		}
		delete(shown, k)
	}
	if len(shown) > 0 {
		t.Errorf("config.yaml has keys that are no settings: %v", slices.Collect(maps.Keys(shown)))
	}
}

func leaves(tree map[string]any, prefix string, into map[string]bool) {
	for k, v := range tree {
		if below, ok := v.(map[string]any); ok {
			leaves(below, prefix+k+".", into)
		} else {
			into[prefix+k] = true
		}
	}
}

// parseYAML is strict: a field that into does not have is an error.
func parseYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Kafka's settings that the loops rely on: losing one of them loses data or offsets long after anybody remembers why.
func TestDockerComposeBrokersKeepWhatTheyAcknowledge(t *testing.T) {
	project := stack(t)
	never := strconv.Itoa(1<<31 - 1)
	ids := map[string]bool{}
	for _, name := range []string{"kafka-1", "kafka-2", "kafka-3"} {
		env := project.Services[name].Environment
		for k, want := range map[string]string{
			"KAFKA_OFFSETS_RETENTION_MINUTES": never, "KAFKA_TRANSACTIONAL_ID_EXPIRATION_MS": never,
			"KAFKA_MIN_INSYNC_REPLICAS": "2", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "2", "KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE": "false",
			"KAFKA_DEFAULT_REPLICATION_FACTOR": "3", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "3", "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "3",
			"KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
		} {
			if got := env[k]; got == nil || *got != want {
				t.Errorf("%s: %s is %v, must be %s", name, k, got, want)
			}
		}
		ids[*env["KAFKA_NODE_ID"]] = true
		published := fmt.Sprintf("EXTERNAL://127.0.0.1:%s", project.Services[name].Ports[0].Published)
		if !strings.HasSuffix(*env["KAFKA_ADVERTISED_LISTENERS"], published) {
			t.Errorf("%s advertises %s, published is %s", name, *env["KAFKA_ADVERTISED_LISTENERS"], published)
		}
	}
	if len(ids) != 3 {
		t.Errorf("the brokers have ids %v", ids)
	}
}
