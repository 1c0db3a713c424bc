package agent_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const examples = "../../examples/agent/"

func TestTheAlertsAreRulesOfPrometheus(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("promtool is missing; install Debian's package prometheus: %v", err)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "check", "rules", examples+"rules.yml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// Each metric that a rule names is one that an agent has.
	source, err := os.ReadFile("../../internal/agent/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(examples + "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.FieldsFunc(string(rules), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		if name := strings.TrimSuffix(word, "_bucket"); strings.HasPrefix(name, "sluice_agent_") && !strings.Contains(string(source), `"`+name+`"`) {
			t.Errorf("no agent has the metric %s", name)
		}
	}
}

// What a unit and a task run must outlive the hand-over, and be what the command takes.
func TestTheUnitAndTheTask(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile(examples + "sluice-agent.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"SLUICE_AGENT_STOP_WITHIN=25s", "TimeoutStopSec=35\n", "ExecStart=/usr/local/bin/sluice agent --log-format json\n", "[Install]"} {
		if !strings.Contains(string(unit), part) {
			t.Errorf("the unit lacks %q", part)
		}
	}
	raw, err := os.ReadFile(examples + "ecs-task.json")
	if err != nil {
		t.Fatal(err)
	}
	var task struct {
		ContainerDefinitions []struct {
			Command     []string
			StopTimeout int
		}
	}
	if err := json.Unmarshal(raw, &task); err != nil || len(task.ContainerDefinitions) != 1 {
		t.Fatalf("%v in %s", err, raw)
	}
	c := task.ContainerDefinitions[0]
	if c.StopTimeout != 30 || strings.Join(c.Command, " ") != "agent --log-format json --listen 0.0.0.0:9464 --stop-within 25s" {
		t.Errorf("%+v", c)
	}
}
