// Package configs holds example jobs for yhat and for what starts it. The tests
// load or run each of them, so that they stay true.
package configs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// yhat builds the command once for the tests that need it.
func yhat(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "yhat")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/yhat").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return func(args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir = ".." // the paths of job.yaml start at the project's root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

// TestConfigs runs the example job, and checks that every flag in the other
// files is one that yhat has.
func TestConfigs(t *testing.T) {
	run := yhat(t)
	t.Run("job.yaml", func(t *testing.T) { runJob(t, run) })
	for _, name := range []string{"crontab", "airflow_dag.py", "yhat.service"} {
		t.Run(name, func(t *testing.T) { checkFlags(t, run, name) })
	}
}

// runJob runs job.yaml with its outputs elsewhere.
func runJob(t *testing.T, run func(...string) (string, error)) {
	dir := t.TempDir()
	out, report := filepath.Join(dir, "scored.csv"), filepath.Join(dir, "run.json")
	if words, err := run("score", "--config", "configs/job.yaml", "--output", out, "--report", report); err != nil {
		t.Fatalf("%v\n%s", err, words)
	}
	scored, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(scored), "\n")
	if want := "patient_id,sex,y_hat,y_hat_label,y_hat_band,y_hat_error,model,model_sha256"; header != want {
		t.Errorf("header %s, want %s", header, want)
	}
	var told struct{ Rows struct{ Read, Scored int } }
	text, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(text, &told)
	}
	if lines := strings.Count(string(scored), "\n") - 1; err != nil || told.Rows.Read != lines || told.Rows.Scored == 0 {
		t.Errorf("%d rows out, report %+v, %v", lines, told, err)
	}
}

// commandLine is a call of yhat up to the end of its line or string.
var commandLine = regexp.MustCompile(`yhat (score|verify) [^\n]*`)

// checkFlags asks yhat for help behind every call in a file: it refuses flags
// that it does not have before it helps.
func checkFlags(t *testing.T, run func(...string) (string, error), name string) {
	calls := commandLine.FindAllString(oneCallALine(read(t, name)), -1)
	if len(calls) == 0 {
		t.Fatal("no call of yhat")
	}
	for _, call := range calls {
		args := strings.Fields(strings.TrimRight(call, `",`))[1:]
		if out, err := run(append(args, "--help")...); err != nil || !strings.Contains(out, "Usage:") {
			t.Errorf("%s\n%v\n%s", call, err, out)
		}
	}
}

// oneCallALine joins the adjacent strings of Python, and closes templates.
func oneCallALine(text string) string {
	text = regexp.MustCompile(`"\n\s*"`).ReplaceAllString(text, "")
	return strings.NewReplacer("{{ ds }}", "2025-01-01", `$(date +\%F)`, "2025-01-01").Replace(text)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCrontab checks that each entry has five fields of time and a command, and
// no bare %, which cron takes for a line end.
func TestCrontab(t *testing.T) {
	entries := 0
	for line := range strings.Lines(read(t, "crontab")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || regexp.MustCompile(`^[A-Z]+=`).MatchString(line) {
			continue
		}
		entries++
		fields := strings.Fields(line)
		if len(fields) < 6 || !regexp.MustCompile(`^[0-9*/,-]+( [0-9*/,-]+){4}$`).MatchString(strings.Join(fields[:5], " ")) {
			t.Errorf("no five fields of time: %s", line)
		}
		if strings.Contains(strings.ReplaceAll(line, `\%`, ""), "%") {
			t.Errorf("a bare %%: %s", line)
		}
	}
	if entries == 0 {
		t.Error("no entry")
	}
}

// TestUnits reads the systemd units and checks what they cannot do without.
func TestUnits(t *testing.T) {
	service, timer := unit(t, "yhat.service"), unit(t, "yhat.timer")
	for key, want := range map[string]string{"Service.Type": "oneshot", "Service.ExecStart": "/usr/local/bin/yhat score", "Service.SuccessExitStatus": "75 99"} {
		if !strings.HasPrefix(service[key], want) {
			t.Errorf("%s is %q, want %q", key, service[key], want)
		}
	}
	for key, want := range map[string]string{"Timer.Unit": "yhat.service", "Timer.OnCalendar": "*-*-*", "Install.WantedBy": "timers.target"} {
		if !strings.HasPrefix(timer[key], want) {
			t.Errorf("%s is %q, want %q", key, timer[key], want)
		}
	}
	// The service may write only to its folder: its outputs must be there.
	for _, flag := range []string{"--output ", "--report "} {
		_, path, _ := strings.Cut(service["Service.ExecStart"], flag)
		if !strings.HasPrefix(path, service["Service.ReadWritePaths"]+"/") {
			t.Errorf("%s%s is not under %s", flag, path, service["Service.ReadWritePaths"])
		}
	}
}

// unit reads an INI file into Section.Key.
func unit(t *testing.T, name string) map[string]string {
	t.Helper()
	found, section := map[string]string{}, ""
	for line := range strings.Lines(read(t, name)) {
		line = strings.TrimSpace(line)
		switch key, value, ok := strings.Cut(line, "="); {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case !ok || section == "":
			t.Errorf("%s: not of the form Key=Value: %s", name, line)
		default:
			found[section+"."+key] = value
		}
	}
	return found
}

// TestDAG lets Python parse the DAG, where there is a Python, and checks its
// parts in any case.
func TestDAG(t *testing.T) {
	text := read(t, "airflow_dag.py")
	for _, part := range []string{"with DAG(", "class Yhat(BashOperator):", "Yhat(", "skip_on_exit_code=99", "score >> verify"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s", part)
		}
	}
	if strings.Count(text, "(") != strings.Count(text, ")") || slices.Contains([]byte(text), '\t') {
		t.Error("brackets or tabs are wrong")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to parse it with")
	}
	parse := "import ast, sys; ast.parse(open(sys.argv[1]).read())"
	if out, err := exec.Command(python, "-c", parse, "airflow_dag.py").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
